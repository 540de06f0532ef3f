import type { NewEvent } from "../store/fan-outs.ts";
import type { Held } from "../store/partitions.ts";
import type { NewAttempt, Result } from "../store/result.ts";
import type { EventLog } from "./event-log.ts";
import { type Post, spanOfAttempt } from "./receivers.ts";
import type { DeliveryRow, Tables } from "./tables.ts";
import type { Hook, HookState, Webhooks } from "./webhooks.ts";
import type { World } from "./world.ts";

/** What clocks of processes differ by, and what an answer takes to be acted on. */
const toleranceMs = 150;
/** What delivery knows of a webhook when it sends is at most this old. */
const knowledgeMsMax = 1_000;
/** Due times keep within the schedule, 10 % and this. */
const slackMs = 2_000;
const jitterShareMax = 0.1;
const rateWindowMs = 30_000;

export interface WitnessDeps {
  readonly world: World;
  readonly tables: Tables;
  readonly webhooks: Webhooks;
  readonly log: EventLog;
}

/** What is known of a delivery beside its row. */
interface Trace {
  readonly row: DeliveryRow;
  /** When the next attempt is due; undefined when it has ended. */
  dueMs: number | undefined;
  endedMs: number | undefined;
}

/** Who begins a POST, and under which lease. */
export interface Sender {
  readonly partition: number;
  readonly owner: string;
  readonly held: Held | undefined;
}

/** Counts of what happened, so that a test can see that enough did. */
export interface Tally {
  events: number;
  deliveries: number;
  posts: number;
  attempts: number;
  retries: number;
  claims: number;
  ended: Record<DeliveryRow["state"], number>;
}

/**
 * Sees everything that is sent and stored, and says when a promise is broken. It knows only what
 * receivers, users and tables see, and nothing of how workers go about it.
 */
export class Witness {
  readonly tally: Tally = {
    events: 0,
    deliveries: 0,
    posts: 0,
    attempts: 0,
    retries: 0,
    claims: 0,
    ended: { PENDING: 0, SUCCEEDED: 0, EXHAUSTED: 0, CANCELED: 0 },
  };
  /** Set while nothing goes wrong on our side: then nothing may be late. */
  isFair = false;
  readonly #deps: WitnessDeps;
  readonly #posts = new Map<string, Post>();
  readonly #postsByPair = new Map<string, Post[]>();
  readonly #traces = new Map<string, Trace>();
  /** Deliveries by event and webhook. */
  readonly #byPair = new Map<string, Trace[]>();
  readonly #storedMs = new Map<string, number>();
  readonly #offsets = new Map<number, bigint>();
  readonly #claims: { readonly partition: number; readonly atMs: number }[] = [];
  readonly #postsByHook = new Map<Hook, Post[]>();
  /** Until when a webhook is to be left alone, as committed. */
  readonly #silentUntilMs = new Map<string, number>();

  constructor(deps: WitnessDeps) {
    this.#deps = deps;
  }

  onClaimed(partition: number): void {
    this.tally.claims += 1;
    this.#claims.push({ partition, atMs: this.#deps.world.nowMs });
  }

  /** A statement of an owner took effect: only the present one's may. */
  onWrite({ partition, epoch }: Held): void {
    const present = this.#deps.tables.partitions[partition]?.epoch;
    if (epoch !== String(present)) {
      this.#violated(
        `epoch ${epoch} wrote in partition ${partition}, which is of epoch ${present}`,
      );
    }
  }

  /** Fan-out moved an offset: each step begins where the one before it ended. */
  onOffset(partition: number, { from, to }: { from: bigint; to: bigint }): void {
    const before = this.#offsets.get(partition) ?? 0n;
    this.#offsets.set(partition, to);
    if (from !== before || to <= from) {
      this.#violated(`partition ${partition} went from ${from} to ${to}, and stood at ${before}`);
    }
  }

  onEvent(event: NewEvent): void {
    this.tally.events += 1;
    this.#storedMs.set(event.uuid, this.#deps.world.nowMs);
    if (!this.#deps.log.accepted.has(event.uuid))
      this.#violated(`event ${event.uuid} came from nowhere`);
  }

  onDelivery(row: DeliveryRow): void {
    this.tally.deliveries += 1;
    const trace: Trace = { row, dueMs: row.createdAtMs, endedMs: undefined };
    this.#traces.set(row.uuid, trace);
    const key = pairOf(row.eventUuid, row.webhookUuid);
    const pair = this.#byPair.get(key) ?? [];
    pair.push(trace);
    this.#byPair.set(key, pair);
  }

  onState(row: DeliveryRow, to: DeliveryRow["state"]): void {
    const trace = this.#traceOf(row.uuid);
    if (row.state !== "PENDING") this.#violated(`a delivery went from ${row.state} to ${to}`);
    this.tally.ended[to] += 1;
    trace.dueMs = undefined;
    trace.endedMs = this.#deps.world.nowMs;
  }

  /** An attempt was committed. */
  onAttempt(result: Result, attempt: NewAttempt): void {
    this.tally.attempts += 1;
    const post = this.#posts.get(spanOfAttempt(attempt.uuid));
    if (post?.heardMs === undefined) {
      this.#violated(`attempt ${attempt.number} was recorded and never made`);
      return;
    }
    if (post.statusCode !== attempt.statusCode || post.eventUuid !== result.eventUuid) {
      this.#violated(`attempt ${attempt.number} was recorded as another one came out`);
    }
    this.#checkStart(result, attempt, post);
    if (attempt.number > 1) this.tally.retries += 1;
    if (result.dueAt) this.#checkDue(result, attempt, { post, heardMs: post.heardMs });
    if (result.laneBlockedUntil) this.#noteSilence(post, post.heardMs);
  }

  #checkStart({ deliveryUuid }: Result, { number }: NewAttempt, post: Post): void {
    const dueMs = this.#traces.get(deliveryUuid)?.dueMs;
    if (number === 1 || dueMs === undefined) return;
    if (this.isFair && isPlain(post.hook) && post.startedMs > dueMs + slackMs) {
      this.#violated(`attempt ${number} began ${(post.startedMs - dueMs).toFixed(0)} ms late`);
    }
    if (post.startedMs < dueMs - toleranceMs) {
      this.#violated(
        `attempt ${number} began ${(dueMs - post.startedMs).toFixed(0)} ms before it was due`,
      );
    }
  }

  #checkDue(
    { deliveryUuid, dueAt }: Result,
    { number }: NewAttempt,
    { post, heardMs }: { post: Post; heardMs: number },
  ): void {
    const trace = this.#traces.get(deliveryUuid);
    const delayMs = post.hook.delaysMs[number - 1];
    if (delayMs === undefined) {
      this.#violated(`attempt ${number} was followed by another`);
      return;
    }
    const waitMs = Math.max(delayMs, post.retryAfterMs);
    const dueMs = dueAt ? this.#deps.world.msOf(dueAt) : heardMs;
    const earliestMs = heardMs + waitMs;
    const latestMs = heardMs + waitMs * (1 + jitterShareMax) + slackMs;
    if (dueMs < earliestMs - toleranceMs || dueMs > latestMs + toleranceMs) {
      this.#violated(`a retry ${waitMs} ms away was put at ${(dueMs - heardMs).toFixed(0)} ms`);
    }
    if (trace && trace.endedMs === undefined) trace.dueMs = dueMs;
  }

  #noteSilence(post: Post, heardMs: number): void {
    const untilMs = heardMs + post.retryAfterMs;
    const known = this.#silentUntilMs.get(post.hook.uuid) ?? 0;
    this.#silentUntilMs.set(post.hook.uuid, Math.max(known, untilMs));
  }

  /** A process begins a POST. */
  onPost(post: Post, by: Sender): void {
    this.tally.posts += 1;
    this.#posts.set(post.span, post);
    const key = pairOf(post.eventUuid, post.hook.uuid);
    const pair = this.#postsByPair.get(key) ?? [];
    pair.push(post);
    this.#postsByPair.set(key, pair);
    this.#checkOwner(by);
    this.#checkSilence(post);
    this.#checkState(post);
    this.#checkOpen(post);
    this.#checkHook(post, by.partition);
    if (post.hook.isOrdered) this.#checkOrder(post);
  }

  /**
   * Only the owner sends. A claim that reached Postgres late may have raised the owner's own epoch:
   * then it sends, writes nothing, and sends again.
   */
  #checkOwner({ partition, owner, held }: Sender): void {
    const row = this.#deps.tables.partitions[partition];
    if (held === undefined || row?.owner !== owner || BigInt(held.epoch) > row.epoch) {
      this.#violated(`partition ${partition} of epoch ${row?.epoch} was sent from ${held?.epoch}`);
    }
  }

  #checkSilence({ hook }: Post): void {
    const leftMs = (this.#silentUntilMs.get(hook.uuid) ?? 0) - this.#deps.world.nowMs;
    if (leftMs > toleranceMs) {
      this.#violated(`${hook.name} was sent to ${leftMs.toFixed(0)} ms before its Retry-After`);
    }
  }

  #checkState({ hook }: Post): void {
    const { nowMs } = this.#deps.world;
    const states = statesIn(hook, { fromMs: nowMs - knowledgeMsMax - toleranceMs, toMs: nowMs });
    if (!states.has("ACTIVE"))
      this.#violated(`${hook.name} was sent to while it was ${hook.state}`);
  }

  /** What has ended is not sent again, and what is open not twice at once by one process. */
  #checkOpen(post: Post): void {
    const traces = this.#byPair.get(pairOf(post.eventUuid, post.hook.uuid));
    if (!traces) return; // its first attempt, before it is stored
    const { nowMs } = this.#deps.world;
    const { frozenUntilMs } = post.actor;
    const isOpen = ({ endedMs }: Trace) =>
      endedMs === undefined || nowMs - Math.max(endedMs, frozenUntilMs) < knowledgeMsMax;
    if (!traces.some(isOpen)) this.#violated(`${post.hook.name} was sent what had ended`);
    const own = (this.#postsByPair.get(pairOf(post.eventUuid, post.hook.uuid)) ?? []).filter(
      (other) => other.actor === post.actor && isUnderWay(other),
    );
    if (own.length > traces.length)
      this.#violated(`${post.hook.name} was sent one event twice at once`);
  }

  /** What a webhook bears: so many at once, so many a second. */
  #checkHook(post: Post, partition: number): void {
    const { hook, actor, startedMs } = post;
    const posts = this.#postsByHook.get(hook) ?? [];
    this.#postsByHook.set(hook, posts);
    posts.push(post);
    const underWay = posts.filter((other) => other.actor === actor && isUnderWay(other)).length;
    if (underWay > hook.inFlightMax) {
      this.#violated(`${hook.name} was sent ${underWay} at once, and bears ${hook.inFlightMax}`);
    }
    if (hook.ratePerSecond === 0) return;
    const since = (atMs: number) => startedMs - atMs < rateWindowMs;
    const count = posts.filter((other) => since(other.startedMs)).length;
    const claims = this.#claims.filter(
      (claim) => claim.partition === partition && since(claim.atMs),
    );
    // A crash forgets the debt of its last second.
    const most =
      (rateWindowMs / 1000) * hook.ratePerSecond * 1.05 + (claims.length + 1) * hook.ratePerSecond;
    if (count > most) this.#violated(`${hook.name} was sent ${count} in 30 s, and bears ${most}`);
  }

  /** Of an ordering key one is sent after the other, as they were accepted. */
  #checkOrder(post: Post): void {
    const event = this.#deps.log.accepted.get(post.eventUuid);
    const own = this.#eventTrace(post.eventUuid, post.hook);
    if (!event || own === undefined || own.endedMs !== undefined) return; // it is sent again
    for (const earlier of this.#deps.log.accepted.values()) {
      const isSameKey =
        earlier.workspaceId === event.workspaceId && earlier.orderingKey === event.orderingKey;
      if (!isSameKey || earlier.offset >= event.offset) continue;
      const trace = this.#eventTrace(earlier.uuid, post.hook);
      if (trace && trace.endedMs === undefined) {
        this.#violated(
          `${post.hook.name} was sent offset ${event.offset} before ${earlier.offset}`,
        );
        return;
      }
    }
  }

  #eventTrace(eventUuid: string, hook: Hook): Trace | undefined {
    const traces = this.#byPair.get(pairOf(eventUuid, hook.uuid)) ?? [];
    return traces.find(({ row }) => row.triggerId === "");
  }

  /** Checks what must hold when nothing is left to do. */
  checkEnd(): void {
    for (const { uuid, workspaceId } of this.#deps.log.accepted.values()) {
      if (!this.#deps.tables.events.has(uuid)) this.#violated(`event ${uuid} was lost`);
      for (const hook of this.#deps.webhooks.workspaces.get(workspaceId)?.hooks ?? []) {
        this.#checkMatch(uuid, hook);
      }
    }
    for (const { row } of this.#traces.values()) this.#checkRow(row);
    if (this.#deps.tables.schedule.size > 0) this.#violated("the schedule holds what has ended");
  }

  #checkMatch(eventUuid: string, hook: Hook): void {
    const accepted = this.#deps.log.accepted.get(eventUuid);
    const toMs = this.#storedMs.get(eventUuid);
    if (!accepted || toMs === undefined) return;
    const traces = this.#byPair.get(pairOf(eventUuid, hook.uuid)) ?? [];
    const own = traces.filter(({ row }) => row.triggerId === "");
    const states = statesIn(hook, { fromMs: accepted.acceptedAtMs, toMs });
    const mayBe = states.has("ACTIVE") || (states.has("PAUSED") && hook.whenPaused === "HOLD");
    const mayNotBe = states.has("DISABLED") || (states.has("PAUSED") && hook.whenPaused === "SKIP");
    if (own.length > 1) this.#violated(`an event made ${own.length} deliveries to ${hook.name}`);
    if (own.length === 1 && !mayBe) this.#violated(`${hook.name} got an event while it was off`);
    if (own.length === 0 && !mayNotBe) this.#violated(`${hook.name} did not get an event`);
  }

  #checkRow(row: DeliveryRow): void {
    const attempts = [...(this.#deps.tables.attempts.get(row.uuid)?.values() ?? [])];
    const numbers = attempts.map(({ attempt }) => attempt.number).sort((a, b) => a - b);
    const failed = attempts.filter(({ attempt }) => attempt.outcome !== "SUCCEEDED").length;
    if (row.state === "PENDING") this.#violated(`delivery ${row.uuid} has not ended`);
    if (numbers.some((number, index) => number !== index + 1)) {
      this.#violated(`the attempts of a delivery are numbered ${numbers.join(", ")}`);
    }
    if (row.attemptCount !== numbers.length || row.failureCount !== failed) {
      this.#violated(
        `a delivery with ${numbers.length} attempts (${failed} failed) counts ` +
          `${row.attemptCount} (${row.failureCount} failed)`,
      );
    }
    const last = attempts.find(({ attempt }) => attempt.number === numbers.length)?.attempt;
    if (row.state === "SUCCEEDED" && last?.outcome !== "SUCCEEDED") {
      this.#violated("a delivery succeeded without an attempt that did");
    }
    const limit = (this.#deps.webhooks.all.get(row.webhookUuid)?.delaysMs.length ?? 0) + 1;
    if (row.state === "EXHAUSTED" && numbers.length !== limit) {
      this.#violated(`a delivery was exhausted after ${numbers.length} of ${limit} attempts`);
    }
  }

  #traceOf(deliveryUuid: string): Trace {
    const trace = this.#traces.get(deliveryUuid);
    if (!trace) throw new Error(`delivery ${deliveryUuid} is unknown`);
    return trace;
  }

  #violated(message: string): void {
    this.#deps.world.violated(message);
  }
}

function isUnderWay({ heardMs, isGivenUp }: Post): boolean {
  return heardMs === undefined && !isGivenUp;
}

/** Nothing of a plain webhook waits for anything but its due time. */
function isPlain({ isOrdered, ratePerSecond, inFlightMax }: Hook): boolean {
  return !isOrdered && ratePerSecond === 0 && inFlightMax > 2;
}

function pairOf(eventUuid: string, webhookUuid: string): string {
  return `${eventUuid} ${webhookUuid}`;
}

/** The states that a webhook was in during a time. */
function statesIn(hook: Hook, { fromMs, toMs }: { fromMs: number; toMs: number }): Set<HookState> {
  const { history } = hook;
  const inTime = history.filter(
    (entry, index) => entry.fromMs <= toMs && (history[index + 1]?.fromMs ?? toMs) >= fromMs,
  );
  return new Set(inTime.map(({ state }) => state));
}
