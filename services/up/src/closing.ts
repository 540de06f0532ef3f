/** Things to let go of at the end, the last one first. */
export interface Closing {
  /** Remembers how to let go of something. */
  later(close: () => Promise<void>): void;
  /** Lets go of everything, whatever fails; throws what failed. */
  now(): Promise<void>;
}

/** Gives an empty list of things to let go of. */
export function closing(): Closing {
  const closers: (() => Promise<void>)[] = [];
  return {
    later: (close) => closers.push(close),
    async now() {
      const failures: unknown[] = [];
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        await close().catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0) throw new AggregateError(failures, "not everything was closed");
    },
  };
}
