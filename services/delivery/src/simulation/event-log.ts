import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { partitionOf, type StoredRecord } from "@posthorn/bus";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import { uuidToId } from "@posthorn/runtime";
import { others } from "./network.ts";
import type { World } from "./world.ts";

/** An event that was accepted. */
export interface Accepted {
  readonly uuid: string;
  readonly workspaceId: string;
  readonly orderingKey: string;
  /** Its place among the accepted events of its partition. */
  readonly offset: bigint;
  readonly acceptedAtMs: number;
}

/** The log of accepted events. Its offsets have gaps, as Kafka's may have. */
export class EventLog {
  readonly accepted = new Map<string, Accepted>();
  readonly #world: World;
  readonly #partitions: StoredRecord[][];
  readonly #nextOffsets: bigint[];
  readonly #waiting = new Set<() => void>();

  constructor(world: World, partitionCount: number) {
    this.#world = world;
    this.#partitions = Array.from({ length: partitionCount }, () => []);
    this.#nextOffsets = Array.from({ length: partitionCount }, () => 0n);
  }

  /** Accepts an event; some are appended twice, as a publisher repeats what was not confirmed. */
  publish(workspaceId: string, orderingKey: string): void {
    const { random, now } = this.#world;
    const uuid = this.#world.newUuid();
    const record = create(EventRecordSchema, {
      eventId: uuidToId("evt", uuid),
      workspaceId,
      provider: "demo",
      type: "order.created",
      data: Buffer.from('{"orderId":"ord_1"}'),
      occurTime: timestampFromDate(now),
      acceptTime: timestampFromDate(now),
      orderingKey,
    });
    const value = toBinary(EventRecordSchema, record);
    const repeated = toBinary(EventRecordSchema, { ...record, isRepeat: true });
    const partition = partitionOf(workspaceId, this.#partitions.length);
    const offset = this.#append(partition, value);
    const acceptedAtMs = this.#world.nowMs;
    this.accepted.set(uuid, { uuid, workspaceId, orderingKey, offset, acceptedAtMs });
    if (!random.chance(0.03)) return;
    this.#world.after(random.between(0, 20_000), others, () => this.#append(partition, repeated));
  }

  #append(partition: number, value: Uint8Array): bigint {
    const { random, now } = this.#world;
    const gap = random.chance(0.05) ? random.between(1, 3) : 0;
    const offset = (this.#nextOffsets[partition] ?? 0n) + BigInt(gap);
    this.#nextOffsets[partition] = offset + 1n;
    const record = { partition, key: null, value, headers: {}, offset, appendedAt: now };
    this.#partitions[partition]?.push(record);
    for (const wake of [...this.#waiting]) wake();
    return offset;
  }

  /** Gives some of the records from an offset on. */
  read(partition: number, from: bigint, countMax: number): readonly StoredRecord[] {
    const records = this.#partitions[partition] ?? [];
    const start = records.findLastIndex(({ offset }) => offset < from) + 1;
    return records.slice(start, start + countMax);
  }

  /** Calls back once, at the next append. */
  onAppend(wake: () => void): () => void {
    const once = () => {
      this.#waiting.delete(once);
      wake();
    };
    this.#waiting.add(once);
    return () => this.#waiting.delete(once);
  }
}
