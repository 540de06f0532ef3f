import { partitionOf } from "@posthorn/bus";
import type { EgressRequest } from "@posthorn/egress";
import type { Logger, Part } from "@posthorn/runtime";
import { masterKey } from "@posthorn/sealing";
import type { DeliveryMetrics } from "../metrics.ts";
import { fanOut } from "../workers/fan-out.ts";
import { Ownership } from "../workers/ownership.ts";
import { ResultWriter } from "../workers/result-writer.ts";
import { Sender } from "../workers/sender.ts";
import { Subscriptions } from "../workers/subscriptions.ts";
import { Consumer } from "./consumer.ts";
import type { EventLog } from "./event-log.ts";
import type { Statements } from "./memory-store.ts";
import type { Weather } from "./network.ts";
import { type Post, type Receivers, spanOf } from "./receivers.ts";
import { remoteStore } from "./remote-store.ts";
import type { Tables } from "./tables.ts";
import { uuidOf, type Webhooks } from "./webhooks.ts";
import type { Witness } from "./witness.ts";
import { type Actor, clockOf, type World } from "./world.ts";

export interface Surroundings {
  readonly world: World;
  readonly weather: Weather;
  readonly tables: Tables;
  readonly statements: Statements;
  readonly webhooks: Webhooks;
  readonly receivers: Receivers;
  readonly log: EventLog;
  readonly witness: Witness;
}

/** How many POSTs a process has under way at once. */
const slotCount = 24;

/** A delivery process: the real workers, on clocks, rows and receivers that are not. */
export class Process {
  readonly actor: Actor;
  readonly owner: string;
  readonly ownership: Ownership;
  readonly sender: Sender;
  readonly consumer: Consumer;
  readonly #stop = new AbortController();
  readonly #world: World;
  isStopping = false;
  hasEnded = false;

  constructor(around: Surroundings, { name, owner }: { name: string; owner: string }) {
    const { world, webhooks, log } = around;
    this.#world = world;
    this.owner = owner;
    this.actor = { name, isDead: false, frozenUntilMs: 0 };
    const { actor } = this;
    const { random } = world;
    const skew = { dayMs: random.between(-40, 40), zeroMs: random.between(0, 1e6) };
    const clock = clockOf(world, actor, skew);
    const store = remoteStore({ ...around, actor }, around.statements);
    const subscriptions = new Subscriptions({
      client: webhooks.clientOf({ ...around, actor }),
      masterKey: masterKey(webhooks.masterKey),
      nowMs: clock.nowMs,
    });
    const logger = this.#logger();
    this.ownership = new Ownership({ store, owner, log: logger, clock });
    const results = new ResultWriter({ store, log: logger, clock, endsTold: "all", onNotice() {} });
    this.sender = new Sender(
      {
        store,
        send: (request) => this.#send(around, request),
        subscriptions,
        results,
        log: logger,
        metrics: noMetrics,
        clock,
        random: random.next,
        isWatched: () => false,
      },
      { slotCount, stopGraceMs: 2_000 },
    );
    const { handler, part: handOver } = fanOut({
      store,
      ownership: this.ownership,
      sender: this.sender,
      results,
      subscriptions,
      log: logger,
      metrics: noMetrics,
      onStored() {},
      ensureDays: async () => {},
      clock,
      endsTold: "all",
      onNotice() {},
    });
    this.consumer = new Consumer({ world, log, clock, handler });
    const parts = [this.ownership.part(), results.part(), this.sender.part(), handOver];
    void this.#run([...parts, this.consumer.part()]);
  }

  /** Ends it as SIGTERM does. */
  stop(): void {
    this.isStopping = true;
    this.#stop.abort();
  }

  /** Ends it as SIGKILL does. */
  crash(): void {
    this.actor.isDead = true;
    this.hasEnded = true;
  }

  /** Stops it as SIGSTOP does, and lets it go on after a while. */
  freeze(durationMs: number): void {
    this.actor.frozenUntilMs = this.#world.nowMs + durationMs;
  }

  get isFrozen(): boolean {
    return this.actor.frozenUntilMs > this.#world.nowMs;
  }

  /** Runs the parts, and stops them in reverse. */
  async #run(parts: readonly Part[]): Promise<void> {
    try {
      const stops = parts.map(() => new AbortController());
      const runs = parts.map((part, index) => this.#runPart(part, stops[index]));
      await new Promise<void>((resolve) => {
        this.#stop.signal.addEventListener("abort", () => resolve(), { once: true });
      });
      for (const [index, run] of [...runs.entries()].reverse()) {
        stops[index]?.abort();
        await run;
      }
    } finally {
      this.actor.isDead = true;
      this.hasEnded = true;
    }
  }

  async #runPart(part: Part, stop: AbortController | undefined): Promise<void> {
    try {
      await part.run(stop?.signal ?? this.#stop.signal, () => {});
    } catch (error) {
      this.#world.violated(`the part ${part.name} failed: ${String(error)}`);
    }
  }

  async #send(around: Surroundings, request: EgressRequest) {
    const { webhooks, receivers, witness, world } = around;
    const hook = [...webhooks.all.values()].find(({ url }) => url === request.url);
    if (!hook) throw new Error(`nobody is at ${request.url}`);
    const eventUuid = uuidOf("evt", request.headers["webhook-id"] ?? "");
    const post: Post = {
      span: spanOf(request),
      hook,
      eventUuid,
      actor: this.actor,
      startedMs: world.nowMs,
      statusCode: 0,
      retryAfterMs: 0,
      heardMs: undefined,
      isGivenUp: false,
    };
    const partition = partitionOf(hook.workspaceId, around.tables.partitions.length);
    const { owner, ownership } = this;
    witness.onPost(post, { partition, owner, held: ownership.owned(partition) });
    return receivers.take(post, request.signal);
  }

  /** Warnings are what the weather brings; an error is a defect. */
  #logger(): Logger {
    const say = (fields: object, message: string) => {
      const error = "err" in fields && fields.err instanceof Error ? fields.err.stack : "";
      this.#world.violated(`${this.actor.name} logged an error: ${message} ${error}`);
    };
    return { debug() {}, info() {}, warn() {}, error: say } as unknown as Logger; // all that is called
  }
}

const noMetrics: DeliveryMetrics = {
  onFanOut() {},
  onAttempt() {},
  onEnded() {},
  onNotices() {},
  onParkedNotice() {},
  onExpired() {},
  onRetentionFailure() {},
};
