import { compileFilter, type Filter } from "@posthorn/filter";

/** Filters that are kept, at most. */
const filterCountMax = 5_000;

/**
 * Compiled filters by their source, so that any number of webhooks with one source share one
 * function. A filter is compiled when it is first asked.
 */
export class Filters {
  readonly #bySource = new Map<string, Filter>();

  /** Gives the filter of a source; undefined for the empty source, which lets everything pass. */
  get(source: string): Filter | undefined {
    if (source === "") return undefined;
    const known = this.#bySource.get(source);
    if (known) return known;
    const filter = lazily(source);
    this.#bySource.set(source, filter);
    if (this.#bySource.size > filterCountMax) this.#forgetOldest();
    return filter;
  }

  /** Webhooks that hold the filter keep it; only later ones no longer share it. */
  #forgetOldest(): void {
    for (const source of this.#bySource.keys()) {
      this.#bySource.delete(source);
      return;
    }
  }
}

function lazily(source: string): Filter {
  let filter: Filter | undefined;
  return (event) => {
    filter ??= compileFilter(source);
    return filter(event);
  };
}
