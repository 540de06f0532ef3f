import { randomUUID } from "node:crypto";
import { type Logger, wakeup } from "@posthorn/runtime";
import type pg from "pg";
import type { ConsumerOptions } from "../bus.ts";
import { isEnd, isTransient } from "../transient.ts";
import type { Ends } from "./ends.ts";
import {
  deleteMember,
  type GroupState,
  getGroupState,
  lapseMs,
  recordHeartbeat,
  recordPositions,
  registerGroup,
  releasePartitions,
  takePartitions,
} from "./group.ts";
import { readPartition } from "./partition-reader.ts";
import { rebalance } from "./share.ts";
import type { Tails } from "./tails.ts";

/** How often a member shows that it is alive and looks for what changed. */
const beatMs = 1_000;

/** What a member works with. */
export interface MemberDeps {
  readonly pool: pg.Pool;
  readonly busId: string;
  readonly ends: Ends;
  readonly tails: Tails;
  readonly log: Logger;
  /** Tells the other members that there is something to take, or that one more is there. */
  notifyGroup(): void;
  /** Calls back when another member says so; gives what ends that. */
  onGroupNotice(callback: () => void): () => void;
}

interface Reader {
  readonly abort: AbortController;
  position: bigint | undefined;
  ended: Promise<void>;
}

/**
 * One member of a group: holds its share of the topic's partitions and reads each of them. What it
 * holds is its by the heartbeat; after five seconds without one it stops reading, as others may.
 */
export class GroupMember {
  readonly #id = randomUUID();
  readonly #deps: MemberDeps;
  readonly #options: ConsumerOptions;
  readonly #key: { topicId: number; group: string };
  readonly #readers = new Map<number, Reader>();
  /** Read no more but still held in the table, with the offset that comes next. */
  readonly #ended = new Map<number, bigint | undefined>();
  readonly #failure = new AbortController();
  readonly #changed = wakeup();
  #lapse: NodeJS.Timeout | undefined;

  constructor(deps: MemberDeps, topicId: number, options: ConsumerOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#key = { topicId, group: options.group };
  }

  /** Takes part until `stop` aborts or a reader fails, then leaves; throws that failure. */
  async run(stop: AbortSignal, ready: () => void): Promise<void> {
    const end = AbortSignal.any([stop, this.#failure.signal]);
    const unsubscribe = this.#deps.onGroupNotice(() => this.#changed.wake());
    try {
      await this.#beats(end, ready);
    } finally {
      unsubscribe();
      clearTimeout(this.#lapse);
      await this.#leave();
    }
    if (this.#failure.signal.aborted) throw this.#failure.signal.reason;
  }

  async #beats(end: AbortSignal, ready: () => void): Promise<void> {
    let isJoined = false;
    while (!end.aborted) {
      try {
        if (!isJoined) await registerGroup(this.#deps.pool, this.#key);
        await this.#beat();
        if (!isJoined) {
          isJoined = true;
          this.#deps.notifyGroup();
          ready();
        }
      } catch (error) {
        if (!isTransient(error)) throw error;
        this.#deps.log.warn({ err: error }, "group member cannot show that it is alive");
      }
      await this.#changed.wait({ timeoutMs: beatMs, stop: end });
    }
  }

  async #beat(): Promise<void> {
    const { pool, busId } = this.#deps;
    const startMs = performance.now();
    await recordHeartbeat(pool, this.#key, { memberId: this.#id, busId });
    await this.#releaseEnded();
    await recordPositions(pool, this.#key, { memberId: this.#id, positions: this.#positions() });
    const state = await getGroupState(pool, this.#key);
    this.#holdUntil(startMs + lapseMs);
    this.#observeEnds(state);
    await this.#follow(state);
  }

  async #follow({ live, partitions }: GroupState): Promise<void> {
    const holders = partitions.map(({ holder }) => holder);
    const { release, take } = rebalance({ me: this.#id, live, holders });
    const lost = [...this.#readers.keys()].filter((partition) => holders[partition] !== this.#id);
    for (const partition of [...release, ...lost]) this.#readers.get(partition)?.abort.abort();
    const wanted = take.filter((partition) => !this.#readers.has(partition));
    if (wanted.length === 0) return;
    const claim = { memberId: this.#id, partitions: wanted };
    for (const partition of await takePartitions(this.#deps.pool, this.#key, claim)) {
      this.#startReader(partition);
    }
  }

  #startReader(partition: number): void {
    const reader: Reader = {
      abort: new AbortController(),
      position: undefined,
      ended: Promise.resolve(),
    };
    this.#readers.set(partition, reader);
    reader.ended = this.#read(partition, reader).catch((error) => this.#failure.abort(error));
  }

  async #read(partition: number, reader: Reader): Promise<void> {
    const stop = reader.abort.signal;
    const onPosition = (position: bigint) => {
      reader.position = position;
    };
    const options = { topicId: this.#key.topicId, partition, consumer: this.#options, onPosition };
    try {
      await readPartition(this.#deps, options, stop);
    } catch (error) {
      if (!isEnd(error, stop)) throw error;
    } finally {
      this.#readers.delete(partition);
      this.#ended.set(partition, reader.position);
      this.#changed.wake();
      this.#options.handler.stopped?.(partition);
    }
  }

  async #releaseEnded(): Promise<void> {
    const ended = new Map(this.#ended);
    if (ended.size === 0) return;
    const partitions = [...ended.keys()];
    const claim = { memberId: this.#id, partitions };
    await recordPositions(this.#deps.pool, this.#key, {
      memberId: this.#id,
      positions: definedOf(ended),
    });
    await releasePartitions(this.#deps.pool, this.#key, claim);
    for (const partition of partitions) this.#ended.delete(partition);
    this.#deps.notifyGroup();
  }

  #positions(): Map<number, bigint> {
    return definedOf(
      new Map([...this.#readers].map(([partition, { position }]) => [partition, position])),
    );
  }

  #observeEnds({ partitions }: GroupState): void {
    for (const [partition, { end }] of partitions.entries()) {
      this.#deps.ends.observe({ topicId: this.#key.topicId, partition }, end);
    }
  }

  #holdUntil(endMs: number): void {
    clearTimeout(this.#lapse);
    this.#lapse = setTimeout(
      () => {
        this.#deps.log.warn("group member was silent for too long: stops reading");
        this.#stopReaders();
      },
      Math.max(0, endMs - performance.now()),
    );
  }

  #stopReaders(): void {
    for (const { abort } of this.#readers.values()) abort.abort();
  }

  /** What cannot be given up now lapses by itself. */
  async #leave(): Promise<void> {
    this.#stopReaders();
    await Promise.all([...this.#readers.values()].map(({ ended }) => ended));
    try {
      await this.#releaseEnded();
      await deleteMember(this.#deps.pool, this.#key, this.#id);
      this.#deps.notifyGroup();
    } catch (error) {
      this.#deps.log.warn(
        { err: error },
        "group member could not leave: its partitions will lapse",
      );
    }
  }
}

function definedOf(positions: ReadonlyMap<number, bigint | undefined>): Map<number, bigint> {
  const defined = new Map<number, bigint>();
  for (const [partition, position] of positions) {
    if (position !== undefined) defined.set(partition, position);
  }
  return defined;
}
