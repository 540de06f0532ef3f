import type { StoredRecord } from "../bus.ts";
import { underWay } from "../under-way.ts";

/** One is written by the handler while the other is worked on. */
const fullBatches = 2;
const bytesMax = 4 * 1024 * 1024;

/** Batches of one partition that the handler has begun and is not done with. */
export class BatchesBegun {
  readonly #recordsMax: number;
  readonly #onChange: () => void;
  readonly #all = underWay();
  #recordCount = 0;
  #bytes = 0;
  #isAstray = false;
  #failure: unknown;

  /** `onChange` is called when one is done. */
  constructor(options: { recordsMax: number; onChange: () => void }) {
    this.#recordsMax = options.recordsMax;
    this.#onChange = options.onChange;
  }

  /** As much is begun as may be. */
  get isFull(): boolean {
    return this.#recordCount >= fullBatches * this.#recordsMax || this.#bytes >= bytesMax;
  }

  /** One was not done to its end: what was read after it does not count. */
  get isAstray(): boolean {
    return this.#isAstray;
  }

  /** What the first that failed did so with. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Adds a batch that is done to its end when `done` gives `end`. */
  add(
    done: Promise<bigint | undefined>,
    { records, end }: { records: readonly StoredRecord[]; end: bigint },
  ): void {
    const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
    this.#recordCount += records.length;
    this.#bytes += bytes;
    void this.#all.track(this.#follow(done, end)).then(() => {
      this.#recordCount -= records.length;
      this.#bytes -= bytes;
      this.#onChange();
    });
  }

  /** Resolves when all are done. Never throws. */
  settled(): Promise<void> {
    return this.#all.settled();
  }

  async #follow(done: Promise<bigint | undefined>, end: bigint): Promise<void> {
    try {
      if ((await done) !== end) this.#isAstray = true;
    } catch (error) {
      this.#isAstray = true;
      this.#failure ??= error;
    }
  }
}
