import type { Batch, Begun, PartitionHandler } from "@posthorn/bus";
import { isPassing } from "@posthorn/postgres";
import {
  type Clock,
  idToUuid,
  type Logger,
  type Part,
  type SpanOptions,
  type Tracing,
  untilStopped,
} from "@posthorn/runtime";
import { type EndsTold, leavesNotice } from "../domain/notice.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import type { DeliveryStore } from "../store/delivery-store.ts";
import type { FanOut } from "../store/fan-outs.ts";
import { type Decoded, decode, plan } from "./fan-out-plan.ts";
import type { FannedOutRecord } from "./first-attempts.ts";
import type { Ownership } from "./ownership.ts";
import { type Reading, Readings } from "./readings.ts";
import type { ResultWriter } from "./result-writer.ts";
import type { Sender } from "./sender.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface FanOutDeps {
  readonly store: Pick<DeliveryStore, "getNextOffset" | "insertFanOut" | "listStoredEvents">;
  readonly ownership: Ownership;
  readonly sender: Sender;
  readonly results: ResultWriter;
  readonly subscriptions: Subscriptions;
  readonly endsTold: EndsTold;
  /** Called after a commit that left notices. */
  readonly onNotice: () => void;
  /** Called after a commit with the events that are stored now, some of them perhaps before. */
  readonly onStored: (events: FanOut["events"]) => void;
  readonly ensureDays: (days: ReadonlySet<string>) => Promise<void>;
  readonly log: Logger;
  readonly metrics: DeliveryMetrics;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  readonly clock: Clock;
}

/** A record that fails as a defect this often, alone, is parked. */
const triesMax = 3;
const retryMs = 200;
/** Events whose traces the span of a batch names, at most. */
const linksMax = 32;

/**
 * Turns records of the log into events and deliveries, written in transactions with the offset
 * after them, so that a crash repeats or skips nothing. Fresh deliveries are offered to the sender
 * first: what is answered at once is written as it ended (see FirstAttempts). The batches that
 * follow begin meanwhile, and what is ready of them goes into the next write.
 */
export function fanOut(deps: FanOutDeps): { handler: PartitionHandler; part: Part } {
  const readings = new Readings(deps);
  const handler: PartitionHandler = {
    start: async (partition) => (await readings.start(partition))?.nextOffset,
    async handle(batch) {
      const reading = readings.get(batch.partition);
      return reading && handleBatch(deps, reading, batch);
    },
    appending(records) {
      const workspaces = new Set(records.flatMap(({ key }) => (key ? workspaceOf(key) : [])));
      deps.subscriptions.sync(workspaces).catch(() => {}); // asked for again when they are handled
    },
    stopped: (partition) => readings.stop(partition),
  };
  /** Starts before the consumer, and so ends after it, when all partitions are handed over. */
  const part: Part = {
    name: "hand-over",
    async run(stop, ready) {
      ready();
      await untilStopped(stop);
      await readings.handedOver();
    },
  };
  return { handler, part };
}

/** Gives what `handle` gives: the next offset to read, or that the batch has begun. */
async function handleBatch(
  deps: FanOutDeps,
  reading: Reading,
  batch: Batch,
): Promise<bigint | undefined | Begun> {
  const firstOffset = batch.records[0]?.offset ?? reading.begunOffset;
  if (firstOffset < reading.begunOffset) return storedTo(deps, reading, reading.begunOffset);
  const decoded = batch.records.map(decode);
  const events = decoded.flatMap((one) => ("event" in one ? one.event : []));
  const span = deps.tracing?.start("fan-out", batchSpan(batch, events));
  try {
    await begin(deps, reading, { decoded, events });
  } catch (error) {
    span?.end();
    throw error;
  }
  return { done: storedTo(deps, reading, reading.begunOffset).finally(() => span?.end()) };
}

/** Events that are fanned out together came by several publishes: the first leads to the batch. */
function batchSpan({ topic, partition }: Batch, events: readonly Decoded["event"][]): SpanOptions {
  const traceparents = new Set(events.slice(0, linksMax).map(({ traceparent }) => traceparent));
  const [parent = "", ...links] = traceparents;
  const attributes = {
    "messaging.system": "posthorn",
    "messaging.destination.name": topic,
    "messaging.destination.partition.id": String(partition),
    "messaging.batch.message_count": events.length,
  };
  return { kind: "consumer", parent, links, attributes };
}

/** Plans the log's next records and offers their deliveries. */
async function begin(
  deps: FanOutDeps,
  reading: Reading,
  {
    decoded,
    events,
  }: { decoded: ReturnType<typeof decode>[]; events: readonly Decoded["event"][] },
): Promise<void> {
  const [stored] = await Promise.all([
    storedEvents(deps, reading, decoded),
    deps.subscriptions.learn(latestByWorkspace(decoded)),
    deps.ensureDays(new Set(events.map(({ day }) => day))),
  ]);
  const planned = plan(decoded, { known: deps.subscriptions, stored });
  reading.attempts.add(planned);
  reading.begunOffset = endOf(planned, reading.begunOffset);
}

function endOf(planned: readonly { readonly offset: bigint }[], start: bigint): bigint {
  return (planned.at(-1)?.offset ?? start - 1n) + 1n;
}

/**
 * Gives the workspaces, each with the time at which its last event began its way into the log; of
 * those that came by another process the time is not known, and what is known of them never new
 * enough. An edit that was answered before an event was published holds for the event.
 */
function latestByWorkspace(
  decoded: readonly ReturnType<typeof decode>[],
): ReadonlyMap<string, number> {
  const latest = new Map<string, number>();
  for (const one of decoded) {
    if (!("event" in one)) continue;
    const { workspaceUuid } = one.event;
    const sinceMs = one.record.appendingSinceMs ?? Number.POSITIVE_INFINITY;
    latest.set(workspaceUuid, Math.max(sinceMs, latest.get(workspaceUuid) ?? 0));
  }
  return latest;
}

function workspaceOf(key: Uint8Array): string[] {
  const uuid = idToUuid("ws", Buffer.from(key).toString("latin1"));
  return uuid === undefined ? [] : [uuid];
}

/**
 * Writes what a reading has begun until it is stored up to an offset, and gives this; undefined
 * when the lease or the offset is no longer ours. Whoever waits shares one write at a time.
 */
async function storedTo(
  deps: FanOutDeps,
  reading: Reading,
  end: bigint,
): Promise<bigint | undefined> {
  while (reading.nextOffset < end) {
    reading.writing ??= storeNext(deps, reading).finally(() => {
      reading.writing = undefined;
    });
    if (!(await reading.writing)) return undefined;
  }
  return end;
}

/** Stores what is ready; if that cannot be, drops all that was begun. */
async function storeNext(deps: FanOutDeps, reading: Reading): Promise<boolean> {
  let isStored = false;
  try {
    const records = await reading.attempts.next();
    isStored = records !== undefined && (await store(deps, reading, records));
    return isStored;
  } finally {
    if (!isStored) {
      reading.isOver = true;
      reading.attempts.drop();
    }
  }
}

/** Gives which of the events that may be stored already are: they are not sent again. */
async function storedEvents(
  deps: FanOutDeps,
  reading: Reading,
  decoded: readonly ReturnType<typeof decode>[],
): Promise<ReadonlySet<string>> {
  const repeats = decoded.flatMap((one) => ("event" in one && one.isRepeat ? one.event : []));
  if (repeats.length === 0) return new Set();
  await storedTo(deps, reading, reading.begunOffset); // what they repeat may have just begun
  const byDay = Map.groupBy(repeats, ({ day }) => day);
  const stored = await Promise.all(
    [...byDay].map(([day, ofDay]) =>
      deps.store.listStoredEvents(
        day,
        ofDay.map(({ uuid }) => uuid),
      ),
    ),
  );
  return new Set(stored.flat());
}

/**
 * Stores records; if that fails as a defect, one by one, and parks those that fail alone. False
 * when the lease or the offset is no longer ours.
 */
async function store(
  deps: FanOutDeps,
  reading: Reading,
  records: readonly FannedOutRecord[],
): Promise<boolean> {
  try {
    if (await write(deps, reading, records)) return told(records, "onWritten");
    return told(records, "onDropped");
  } catch (error) {
    deps.log.error(
      { err: error, partition: reading.owned.partition },
      "fan-out failed; one by one now",
    );
  }
  let storedCount = 0;
  try {
    for (const record of records) {
      if (!(await storeAlone(deps, reading, record))) return false;
      storedCount += 1;
    }
    return true;
  } finally {
    told(records.slice(storedCount), "onDropped");
  }
}

function told(records: readonly FannedOutRecord[], what: "onWritten" | "onDropped"): boolean {
  for (const record of records) record[what]();
  return what === "onWritten";
}

/** Tells the record what became of it unless it stays unstored, which is the caller's to tell. */
async function storeAlone(
  deps: FanOutDeps,
  reading: Reading,
  record: FannedOutRecord,
): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      if (!(await write(deps, reading, [record]))) return false;
      record.onWritten();
      return true;
    } catch (error) {
      if (tries < triesMax) continue;
      const isParked = await write(deps, reading, [parked(record, error)]);
      if (isParked) record.onDropped();
      return isParked;
    }
  }
}

/** The record itself, to be looked at, in the place of what could not be made of it. */
function parked({ planned }: FannedOutRecord, error: unknown): FannedOutRecord {
  const { offset, value } = planned;
  const reason = error instanceof Error ? error.message : String(error);
  return {
    planned: { offset, value, parked: { offset, value, error: reason }, deliveries: [] },
    deliveries: [],
    onWritten() {},
    onDropped() {},
  };
}

/**
 * Writes records with the offset after them, and tries again while Postgres is away, as their
 * first attempts have been made and must not be made again. False when the lease is lost.
 */
async function write(
  deps: FanOutDeps,
  reading: Reading,
  records: readonly FannedOutRecord[],
): Promise<boolean> {
  const fanOut = toFanOut(reading, records);
  for (let isFirst = true; ; isFirst = false) {
    try {
      const isStored =
        (await deps.store.insertFanOut(fanOut, deps.endsTold)) !== undefined ||
        (!isFirst && (await wasStored(deps, fanOut)));
      if (!isStored) return false;
      reading.nextOffset = fanOut.toOffset;
      noteStored(deps, fanOut);
      return true;
    } catch (error) {
      if (!isPassing(error)) throw error;
      deps.log.warn({ err: error }, "fan-out could not be written; trying again");
      if (!reading.owned.isSafe()) return false;
      await deps.clock.sleep(retryMs);
    }
  }
}

/** An earlier try may have been committed although its answer was lost. */
async function wasStored(deps: FanOutDeps, { held, toOffset }: FanOut): Promise<boolean> {
  const owned = deps.ownership.owned(held.partition);
  if (owned?.epoch !== held.epoch || !owned.isSafe()) return false;
  return (await deps.store.getNextOffset(held.partition)) === toOffset;
}

function toFanOut({ owned, nextOffset }: Reading, records: readonly FannedOutRecord[]): FanOut {
  const planned = records.map((record) => record.planned);
  return {
    held: owned,
    fromOffset: nextOffset,
    toOffset: endOf(planned, nextOffset),
    events: planned.flatMap(({ event }) => event ?? []),
    deliveries: records.flatMap(({ deliveries }) => deliveries),
    parked: planned.flatMap((one) => one.parked ?? []),
  };
}

function noteStored(deps: FanOutDeps, { events, deliveries, parked, held }: FanOut): void {
  const { metrics, log, endsTold, onNotice, onStored } = deps;
  onStored(events);
  if (deliveries.some(({ result }) => result && leavesNotice(result, endsTold))) onNotice();
  metrics.onFanOut({
    events: events.length,
    deliveries: deliveries.length,
    parked: parked.length,
  });
  for (const { offset, error } of parked) {
    log.error({ partition: held.partition, offset: String(offset), error }, "parked a record");
  }
}
