import type { Batch, PartitionHandler } from "@posthorn/bus";
import { type Logger, type Part, untilStopped } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { DeliveryMetrics } from "../metrics.ts";
import type { Database } from "../store/database.ts";
import { type FanOut, insertFanOut, type NewEvent } from "../store/fan-outs.ts";
import { getNextOffset } from "../store/partitions.ts";
import { type Decoded, decode, type Planned, plan, steps } from "./fan-out-plan.ts";
import { isPassing } from "./is-passing.ts";
import type { Item } from "./lane.ts";
import type { OwnedPartition, Ownership } from "./ownership.ts";
import type { Sender } from "./sender.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface FanOutDeps {
  readonly db: Kysely<Database>;
  readonly ownership: Ownership;
  readonly sender: Sender;
  readonly subscriptions: Subscriptions;
  readonly ensureDays: (days: ReadonlySet<string>) => Promise<void>;
  readonly log: Logger;
  readonly metrics: DeliveryMetrics;
}

/** A record that fails as a defect this often, alone, is parked. */
const triesMax = 3;

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
    if (fromOffset === undefined) break;
    const toOffset = await storeOrPark(deps, owned, { fromOffset, step });
    // The lease or the offset moved under us; what is stored says where to go on.
    if (toOffset === undefined)
      return owned.isSafe() ? getNextOffset(deps.db, owned.partition) : undefined;
    fromOffset = toOffset;
  }
  return fromOffset;
}

/** A part of a batch that is stored at once. */
interface Step {
  readonly fromOffset: bigint;
  readonly step: readonly Planned[];
}

/**
 * Stores a step; if that fails as a defect, its records one by one, and parks those that fail
 * alone. Gives the next offset; undefined when the lease or the offset is no longer ours.
 */
async function storeOrPark(
  deps: FanOutDeps,
  owned: OwnedPartition,
  { fromOffset, step }: Step,
): Promise<bigint | undefined> {
  try {
    return await store(deps, owned, { fromOffset, step });
  } catch (error) {
    if (isPassing(error)) throw error;
    deps.log.error({ err: error, partition: owned.partition }, "fan-out failed; one by one now");
  }
  let next: bigint | undefined = fromOffset;
  for (const one of step) {
    if (next !== undefined) next = await storeAlone(deps, owned, { fromOffset: next, step: [one] });
  }
  return next;
}

async function storeAlone(
  deps: FanOutDeps,
  owned: OwnedPartition,
  { fromOffset, step }: Step,
): Promise<bigint | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await store(deps, owned, { fromOffset, step });
    } catch (error) {
      if (isPassing(error)) throw error;
      if (tries >= triesMax) {
        return store(deps, owned, { fromOffset, step: step.map((one) => park(one, error)) });
      }
    }
  }
}

function park({ offset, value }: Planned, error: unknown): Planned {
  const reason = error instanceof Error ? error.message : String(error);
  return { offset, value, parked: { offset, value, error: reason }, deliveries: [] };
}

async function store(
  deps: FanOutDeps,
  owned: OwnedPartition,
  { fromOffset, step }: Step,
): Promise<bigint | undefined> {
  const toOffset = (step.at(-1)?.offset ?? fromOffset - 1n) + 1n;
  const fanOut: FanOut = {
    held: owned,
    fromOffset,
    toOffset,
    events: step.flatMap(({ event }) => event ?? []),
    deliveries: step.flatMap(({ deliveries }) => deliveries.map(({ delivery }) => delivery)),
    parked: step.flatMap(({ parked }) => parked ?? []),
  };
  const stored = await insertFanOut(deps.db, fanOut);
  if (!stored) return undefined;
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
  return toOffset;
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
