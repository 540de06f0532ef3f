import { eventually } from "@posthorn/testkit";
import type { Batch, Begun, Bus, PartitionHandler, StoredRecord } from "../src/index.ts";
import { log } from "./address.ts";

/** What a reader does; all but the topic has a default. */
export interface ReaderOptions {
  readonly topic: string;
  readonly group?: string;
  readonly batchRecordsMax?: number;
  /** Stored offsets, shared by readers as a table would be. */
  readonly offsets?: Map<number, bigint>;
  readonly startAt?: PartitionHandler["start"];
  /** Replaces handling; `accept` is the usual one: compare, note, set. */
  readonly handle?: (
    batch: Batch,
    accept: (batch: Batch) => bigint | undefined,
  ) => ReturnType<PartitionHandler["handle"]> | Begun | bigint | undefined;
}

/** A consumer that notes what it got. */
export interface Reader {
  readonly records: StoredRecord[];
  readonly batches: Batch[];
  /** The partitions that it holds. */
  readonly held: Set<number>;
  /** Fulfilled with what the consumer failed with. */
  readonly failure: Promise<unknown>;
  /** Waits for so many records in all, and gives their values as text. */
  until(count: number, timeoutMs?: number): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts a consumer. */
export function reader(bus: Bus, options: ReaderOptions): Reader {
  const records: StoredRecord[] = [];
  const batches: Batch[] = [];
  const held = new Set<number>();
  const offsets = options.offsets ?? new Map<number, bigint>();
  const stop = new AbortController();
  const part = bus.consumer({
    topic: options.topic,
    group: options.group ?? "readers",
    batchRecordsMax: options.batchRecordsMax ?? 100,
    log,
    handler: {
      async start(partition) {
        const offset = await (options.startAt
          ? options.startAt(partition)
          : (offsets.get(partition) ?? 0n));
        if (offset !== undefined) held.add(partition);
        return offset;
      },
      handle: async (batch) => (options.handle ? options.handle(batch, accept) : accept(batch)),
      stopped: (partition) => held.delete(partition),
    },
  });
  const running = part.run(stop.signal, () => {});
  const failure = running.then(
    () => new Error("the consumer was stopped"),
    (error: unknown) => error,
  );
  return {
    records,
    batches,
    held,
    failure,
    until: (count, timeoutMs = 20_000) => eventually(() => valuesOf(records, count), { timeoutMs }),
    async stop() {
      stop.abort();
      await failure;
    },
  };

  /** As the services do: what does not begin at the stored offset is sent back to it. */
  function accept(batch: Batch): bigint | undefined {
    const stored = offsets.get(batch.partition);
    const first = batch.records[0]?.offset;
    if (stored !== undefined && first !== stored) return stored;
    const next = (batch.records.at(-1)?.offset ?? 0n) + 1n;
    offsets.set(batch.partition, next);
    batches.push(batch);
    records.push(...batch.records);
    return next;
  }
}

function valuesOf(records: readonly StoredRecord[], count: number): string[] {
  if (records.length < count) throw new Error(`got ${records.length} of ${count} records`);
  return records.map(({ value }) => Buffer.from(value).toString());
}
