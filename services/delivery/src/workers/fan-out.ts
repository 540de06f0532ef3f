import { fromBinary, toJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampDate } from "@bufbuild/protobuf/wkt";
import type { Batch, PartitionHandler, StoredRecord } from "@posthorn/bus";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import {
  dayOf,
  idTimeMs,
  idToUuid,
  type Logger,
  newUuid,
  type Part,
  untilStopped,
} from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { matchWebhooks } from "../domain/match.ts";
import type { DeliveryMetrics } from "../metrics.ts";
import type { Database } from "../store/database.ts";
import {
  type FanOut,
  insertFanOut,
  type NewDelivery,
  type NewEvent,
  type ParkedRecord,
} from "../store/fan-outs.ts";
import { getNextOffset } from "../store/partitions.ts";
import type { Item } from "./lane.ts";
import type { OwnedPartition, Ownership } from "./ownership.ts";
import type { Sender } from "./sender.ts";
import type { KnownWebhook, Subscriptions } from "./subscriptions.ts";

export interface FanOutDeps {
  readonly db: Kysely<Database>;
  readonly ownership: Ownership;
  readonly sender: Sender;
  readonly subscriptions: Subscriptions;
  readonly ensureDays: (days: ReadonlySet<string>) => Promise<void>;
  readonly log: Logger;
  readonly metrics: DeliveryMetrics;
}

/** Rows that one transaction writes, at most, unless a single event makes more. */
const deliveriesPerStepMax = 5000;

interface Decoded {
  readonly record: StoredRecord;
  readonly event: Omit<NewEvent, "skipped">;
}

interface Planned {
  readonly offset: bigint;
  readonly event?: NewEvent;
  readonly parked?: ParkedRecord;
  readonly deliveries: readonly {
    readonly delivery: NewDelivery;
    readonly webhook: KnownWebhook;
  }[];
}

/**
 * Turns records of the log into events and deliveries: in one transaction with its own offset, so
 * that a crash repeats or skips nothing, and without sending anything. Fresh deliveries are
 * offered to the sender after the commit.
 */
export function fanOut(deps: FanOutDeps): { handler: PartitionHandler; part: Part } {
  const handOvers = new Set<Promise<void>>();
  const handler: PartitionHandler = {
    async start(partition) {
      const owned = deps.ownership.owned(partition) ?? (await open(partition));
      return owned && getNextOffset(deps.db, partition);
    },
    async handle(batch) {
      const owned = deps.ownership.owned(batch.partition);
      return owned?.isSafe() ? handleBatch(deps, owned, batch) : undefined;
    },
    stopped(partition) {
      const done: Promise<void> = handOver(partition).finally(() => handOvers.delete(done));
      handOvers.add(done);
    },
  };
  /** Starts before the consumer, and so ends after it, when all partitions are handed over. */
  const part: Part = {
    name: "hand-over",
    async run(stop, ready) {
      ready();
      await untilStopped(stop);
      await Promise.all(handOvers);
    },
  };
  return { handler, part };

  async function open(partition: number): Promise<OwnedPartition | undefined> {
    const owned = await deps.ownership.acquire(partition);
    if (owned) await deps.sender.open(owned);
    return owned;
  }

  async function handOver(partition: number): Promise<void> {
    const owned = deps.ownership.owned(partition);
    if (!owned) return;
    try {
      await deps.sender.close(owned);
      await deps.ownership.release(partition);
    } catch (error) {
      deps.log.warn({ err: error, partition }, "a partition was not released; its lease lapses");
    }
  }
}

async function handleBatch(
  deps: FanOutDeps,
  owned: OwnedPartition,
  batch: Batch,
): Promise<bigint | undefined> {
  const decoded = batch.records.map(decode);
  const events = decoded.filter((one): one is Decoded => "event" in one);
  await deps.subscriptions.sync(new Set(events.map(({ event }) => event.workspaceUuid)));
  await deps.ensureDays(new Set(events.map(({ event }) => event.day)));
  const planned = plan(decoded, deps.subscriptions);
  let fromOffset = batch.records[0]?.offset;
  for (const step of steps(planned)) {
    const last = step.at(-1);
    if (fromOffset === undefined || last === undefined) break;
    const toOffset = last.offset + 1n;
    if (!(await store(deps, owned, { fromOffset, toOffset, step }))) {
      // The lease or the offset moved under us; what is stored says where to go on.
      return owned.isSafe() ? getNextOffset(deps.db, owned.partition) : undefined;
    }
    fromOffset = toOffset;
  }
  return fromOffset;
}

function decode(record: StoredRecord): Decoded | ParkedRecord {
  try {
    const message = fromBinary(EventRecordSchema, record.value);
    const uuid = idToUuid("evt", message.eventId);
    const workspaceUuid = idToUuid("ws", message.workspaceId);
    const { occurTime, acceptTime } = message;
    if (!uuid || !workspaceUuid || !occurTime || !acceptTime) throw new Error("a field is missing");
    const event = {
      uuid,
      day: dayOf(uuid),
      workspaceUuid,
      provider: message.provider,
      type: message.type,
      data: message.data,
      time: toJson(TimestampSchema, occurTime),
      acceptedAt: timestampDate(acceptTime),
      orderingKey: message.orderingKey,
      traceparent: message.traceparent,
    };
    return { record, event };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { offset: record.offset, value: record.value, error: reason };
  }
}

/** Matches each event that the batch has not named before. */
function plan(decoded: readonly (Decoded | ParkedRecord)[], known: Subscriptions): Planned[] {
  const seen = new Set<string>();
  return decoded.map((one) => {
    if (!("event" in one)) return { offset: one.offset, parked: one, deliveries: [] };
    const { offset } = one.record;
    if (seen.has(one.event.uuid)) return { offset, deliveries: [] };
    seen.add(one.event.uuid);
    return { offset, ...planEvent(one.event, known) };
  });
}

function planEvent(decoded: Decoded["event"], known: Subscriptions): Omit<Planned, "offset"> {
  const webhooks = known.latest(decoded.workspaceUuid)?.webhooks.values() ?? [];
  const { deliver, skipped } = matchWebhooks(decoded.type, [...webhooks]);
  const event = { ...decoded, skipped: JSON.stringify(skipped) };
  const atMs = idTimeMs(decoded.uuid); // a delivery's id tells its event's day
  const deliveries = deliver.map((webhook) => ({
    webhook,
    delivery: { uuid: newUuid(atMs), event, webhookUuid: webhook.uuid },
  }));
  return { event, deliveries };
}

/** Cuts a batch into steps that one transaction each can write. */
function* steps(planned: readonly Planned[]): Generator<readonly Planned[]> {
  let step: Planned[] = [];
  let count = 0;
  for (const one of planned) {
    if (step.length > 0 && count + one.deliveries.length > deliveriesPerStepMax) {
      yield step;
      step = [];
      count = 0;
    }
    step.push(one);
    count += one.deliveries.length;
  }
  if (step.length > 0) yield step;
}

async function store(
  deps: FanOutDeps,
  owned: OwnedPartition,
  {
    fromOffset,
    toOffset,
    step,
  }: { fromOffset: bigint; toOffset: bigint; step: readonly Planned[] },
): Promise<boolean> {
  const fanOut: FanOut = {
    held: owned,
    fromOffset,
    toOffset,
    events: step.flatMap(({ event }) => event ?? []),
    deliveries: step.flatMap(({ deliveries }) => deliveries.map(({ delivery }) => delivery)),
    parked: step.flatMap(({ parked }) => parked ?? []),
  };
  const stored = await insertFanOut(deps.db, fanOut);
  if (!stored) return false;
  deps.metrics.onFanOut({
    events: stored.eventUuids.size,
    deliveries: fanOut.deliveries.length,
    parked: fanOut.parked.length,
  });
  for (const { offset, error } of fanOut.parked) {
    deps.log.error(
      { partition: owned.partition, offset: String(offset), error },
      "parked a record",
    );
  }
  for (const { event, deliveries } of step) {
    if (event && stored.eventUuids.has(event.uuid)) offerAll(deps.sender, owned, event, deliveries);
  }
  return true;
}

function offerAll(
  sender: Sender,
  owned: OwnedPartition,
  event: NewEvent,
  deliveries: Planned["deliveries"],
): void {
  const { uuid, type, data, time, traceparent } = event;
  const sendable = { uuid, type, data, time, traceparent };
  for (const { webhook, delivery } of deliveries) {
    const item: Item = {
      deliveryUuid: delivery.uuid,
      day: event.day,
      event: sendable,
      attemptCount: 0,
    };
    sender.offer(owned, webhook, event.workspaceUuid, item);
  }
}
