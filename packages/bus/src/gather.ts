import { AppError } from "@posthorn/errors";

/** How additions are gathered. */
export interface GatherOptions<T> {
  /** Takes everything of one flush; its failure is the failure of each. Never runs twice at once. */
  flush(items: readonly T[]): Promise<void>;
  countOf(item: T): number;
  bytesOf(item: T): number;
  /** A flush ends before the item that would exceed these; an item that is larger goes alone. */
  readonly flushCountMax: number;
  readonly flushBytesMax: number;
  /** What may wait; more is refused with `unavailable`. */
  readonly waitingBytesMax: number;
  /** How long an item may wait for its flush to begin; then it fails with `unavailable`. */
  readonly waitMsMax: number;
  /** Monotonic milliseconds. */
  now?(): number;
}

/** Additions that share flushes. */
export interface Gather<T> {
  /** Resolves when the flush that took the item has. */
  add(item: T): Promise<void>;
  /** Resolves when nothing waits and no flush runs. Never throws. */
  idle(): Promise<void>;
}

interface Waiting<T> {
  readonly item: T;
  readonly sinceMs: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Flushes at once when no flush runs (at the end of the event loop's turn, so that what one read
 * of a socket brought goes together), else gathers what comes meanwhile: nothing waits on a timer.
 */
export function gather<T>(options: GatherOptions<T>): Gather<T> {
  const now = options.now ?? (() => performance.now());
  const waiting: Waiting<T>[] = [];
  let waitingBytes = 0;
  let running: Promise<void> | undefined;

  return {
    add(item) {
      const bytes = options.bytesOf(item);
      if (waiting.length > 0 && waitingBytes + bytes > options.waitingBytesMax) {
        return Promise.reject(new AppError("unavailable", "too much waits to be appended"));
      }
      waitingBytes += bytes;
      return new Promise((resolve, reject) => {
        waiting.push({ item, sinceMs: now(), resolve, reject });
        running ??= new Promise(setImmediate).then(drain);
      });
    },
    async idle() {
      while (running) await running;
    },
  };

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const taken = take();
      await options.flush(taken.map(({ item }) => item)).then(
        () => settle(taken, ({ resolve }) => resolve()),
        (error) => settle(taken, ({ reject }) => reject(error)),
      );
      refuseStale();
    }
    running = undefined;
  }

  function take(): Waiting<T>[] {
    let count = 0;
    let bytes = 0;
    let end = 0;
    for (const { item } of waiting) {
      count += options.countOf(item);
      bytes += options.bytesOf(item);
      if (end > 0 && (count > options.flushCountMax || bytes > options.flushBytesMax)) break;
      end += 1;
    }
    return shift(end);
  }

  function refuseStale(): void {
    const oldest = now() - options.waitMsMax;
    const fresh = waiting.findIndex(({ sinceMs }) => sinceMs > oldest);
    for (const { reject } of shift(fresh === -1 ? waiting.length : fresh)) {
      reject(new AppError("unavailable", "not appended in time"));
    }
  }

  function shift(count: number): Waiting<T>[] {
    const taken = waiting.splice(0, count);
    for (const { item } of taken) waitingBytes -= options.bytesOf(item);
    return taken;
  }
}

function settle<T>(taken: readonly Waiting<T>[], tell: (item: Waiting<T>) => void): void {
  for (const item of taken) tell(item);
}
