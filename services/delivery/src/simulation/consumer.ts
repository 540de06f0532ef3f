import { eventsTopic, type PartitionHandler } from "@posthorn/bus";
import { isPassing } from "@posthorn/postgres";
import type { Clock, Part } from "@posthorn/runtime";
import { untilStopped } from "@posthorn/runtime";
import type { EventLog } from "./event-log.ts";
import type { World } from "./world.ts";

const startAgainMs = 500;
const retryMs = 200;
const idleMs = 2_000;
const begunMax = 3;

/**
 * Reads the partitions that the group gives a process, as a consumer of the bus does: batch after
 * batch, also while those before are not done, again after a passing failure, and from another
 * offset when the handler says so. Now and then it comes back to records that it has read, as
 * Kafka's consumers do.
 */
export class Consumer {
  readonly #deps: { world: World; log: EventLog; clock: Clock; handler: PartitionHandler };
  readonly #readers = new Map<number, { stop: AbortController; done: Promise<void> }>();
  readonly #failed = Promise.withResolvers<never>();
  #assigned: ReadonlySet<number> = new Set();

  constructor(deps: { world: World; log: EventLog; clock: Clock; handler: PartitionHandler }) {
    this.#deps = deps;
    this.#failed.promise.catch(() => {}); // part() reports it
  }

  /** Hears which partitions are its own from now on. */
  assign(partitions: ReadonlySet<number>): void {
    this.#assigned = partitions;
    for (const partition of this.#readers.keys()) {
      if (!partitions.has(partition)) void this.#stop(partition);
    }
    for (const partition of partitions) {
      if (!this.#readers.has(partition)) this.#start(partition);
    }
  }

  part(): Part {
    return {
      name: "consumer",
      run: async (stop, ready) => {
        ready();
        await Promise.race([untilStopped(stop), this.#failed.promise]);
        this.#assigned = new Set();
        await Promise.all([...this.#readers.keys()].map((partition) => this.#stop(partition)));
      },
    };
  }

  #start(partition: number): void {
    const stop = new AbortController();
    const done = this.#read(partition, stop.signal).catch(this.#failed.reject);
    this.#readers.set(partition, { stop, done });
  }

  async #stop(partition: number): Promise<void> {
    const reader = this.#readers.get(partition);
    if (!reader || reader.stop.signal.aborted) return reader?.done;
    reader.stop.abort();
    await reader.done;
    this.#readers.delete(partition);
    this.#deps.handler.stopped?.(partition);
    if (this.#assigned.has(partition)) this.#start(partition);
  }

  async #read(partition: number, stop: AbortSignal): Promise<void> {
    const { handler, clock } = this.#deps;
    while (!stop.aborted) {
      const start = await this.#persist(() => handler.start(partition), stop);
      if (start === undefined) await clock.sleep(startAgainMs, stop);
      else await this.#readFrom(partition, start, stop);
    }
  }

  async #readFrom(partition: number, start: bigint, stop: AbortSignal): Promise<void> {
    const { world, log, clock, handler } = this.#deps;
    const begun = new Set<Promise<void>>();
    let isAstray = false;
    let position: bigint | undefined = start;
    while (!stop.aborted && position !== undefined && !isAstray) {
      const isBack = position > 0n && world.random.chance(0.01); // an offset that was dropped
      const isMore = log.read(partition, position, 1).length > 0;
      const from = isBack && isMore ? position - 1n : position;
      const records = log.read(partition, from, world.random.between(1, 30));
      if (records.length === 0) {
        const idle = new AbortController();
        const forget = log.onAppend(() => idle.abort());
        await clock.sleep(idleMs, AbortSignal.any([stop, idle.signal]));
        forget();
        continue;
      }
      await clock.sleep(1, stop);
      const batch = { topic: eventsTopic, partition, records };
      const handled = await this.#persist(() => handler.handle(batch, stop), stop);
      if (typeof handled !== "object") {
        position = handled;
        continue;
      }
      const end: bigint = from + BigInt(records.length);
      const done: Promise<void> = handled.done.then((next) => {
        begun.delete(done);
        isAstray ||= next !== end;
      });
      begun.add(done);
      position = end;
      if (begun.size >= begunMax || world.random.chance(0.2)) await Promise.all(begun);
    }
    await Promise.all(begun);
  }

  async #persist<T>(run: () => Promise<T>, stop: AbortSignal): Promise<T | undefined> {
    while (!stop.aborted) {
      try {
        return await run();
      } catch (error) {
        if (!isPassing(error)) throw error;
        await this.#deps.clock.sleep(retryMs, stop);
      }
    }
    return undefined;
  }
}
