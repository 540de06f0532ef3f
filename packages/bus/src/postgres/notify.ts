import type { Logger } from "@posthorn/runtime";
import type pg from "pg";
import type { PartitionPlace } from "./ends.ts";
import { lapseMs } from "./group.ts";

/** The channel on which the processes of one log wake each other. */
export const channel = "posthorn_bus";
/** Postgres takes payloads below 8,000 bytes. */
const payloadBytesMax = 7_900;

/** What processes tell each other: a partition grew, or a group's members changed. */
export type Notice =
  | { readonly kind: "appended"; readonly place: PartitionPlace; readonly end: bigint }
  | { readonly kind: "group"; readonly topicId: number; readonly group: string };

/** Sends notices; never fails, as every reader also looks by itself once a second. */
export interface Notifier {
  send(notice: Notice): void;
  /** Resolves when all was sent. Never throws. */
  idle(): Promise<void>;
}

/** What a notifier works with. */
export interface NotifierDeps {
  readonly pool: pg.Pool;
  /** Its own members need no notice. */
  readonly busId: string;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  now?(): number;
}

/** How long it counts that no other process had a member: as long as a reader waits to look. */
const aloneMs = 1_000;

/**
 * Sends after the append's commit and by a connection of its own: a notify inside the appending
 * transaction would hold a lock of the whole server through its fsync. Notices that come while one
 * statement runs go together with the next. Where all members are this process's own, as when one
 * process is all there is, appends cost no statement but one a second.
 */
export function notifier(deps: NotifierDeps): Notifier {
  const now = deps.now ?? (() => performance.now());
  const waiting = new Map<string, Notice>();
  let aloneUntilMs = 0;
  let running: Promise<void> | undefined;
  return {
    send(notice) {
      if (notice.kind === "appended" && now() < aloneUntilMs) return;
      waiting.set(keyOf(notice), notice);
      running ??= drain();
    },
    async idle() {
      while (running) await running;
    },
  };

  async function drain(): Promise<void> {
    await new Promise(setImmediate);
    while (waiting.size > 0) {
      const notices = [...waiting.values()];
      waiting.clear();
      await sendAll(notices).catch((error: unknown) =>
        deps.log.debug({ err: error }, "bus could not notify"),
      );
    }
    running = undefined;
  }

  async function sendAll(notices: readonly Notice[]): Promise<void> {
    const startMs = now();
    const { rowCount } = await deps.pool.query({
      name: "bus_notify",
      text: notifyStatement,
      values: [channel, toPayloads(notices), deps.busId],
    });
    if (rowCount === 0) aloneUntilMs = startMs + aloneMs;
  }
}

const notifyStatement = `select pg_notify($1, payload) from unnest($2::text[]) payload
  where exists (
    select from bus.member
    where bus_id <> $3 and heartbeat_at > now() - interval '${lapseMs} milliseconds'
  )`;

function keyOf(notice: Notice): string {
  if (notice.kind === "group") return `g ${notice.topicId} ${notice.group}`;
  return `a ${notice.place.topicId} ${notice.place.partition}`;
}

/** `a <topic> <partition> <end>` and `g <topic> <group>`, joined by line feeds. */
export function toPayloads(notices: readonly Notice[]): string[] {
  const payloads: string[] = [];
  let payload = "";
  for (const notice of notices) {
    const line = notice.kind === "group" ? keyOf(notice) : `${keyOf(notice)} ${notice.end}`;
    if (payload.length + line.length + 1 > payloadBytesMax) {
      payloads.push(payload);
      payload = "";
    }
    payload += payload === "" ? line : `\n${line}`;
  }
  return payload === "" ? payloads : [...payloads, payload];
}

/** Reads a payload; leaves out lines that it does not know. */
export function fromPayload(payload: string): Notice[] {
  return payload.split("\n").flatMap((line): Notice[] => {
    const [kind, topicId, third = "", end = "0"] = line.split(" ");
    if (kind === "g") return [{ kind: "group", topicId: Number(topicId), group: third }];
    if (kind !== "a") return [];
    const place = { topicId: Number(topicId), partition: Number(third) };
    return [{ kind: "appended", place, end: BigInt(end) }];
  });
}
