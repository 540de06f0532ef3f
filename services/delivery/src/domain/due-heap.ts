/** A queue of items by time, earliest first. */
export interface DueHeap<T> {
  /** Adds an item; the same item may stand in it several times. */
  push(atMs: number, item: T): void;
  /** Takes the earliest item whose time has come; undefined when there is none. */
  popDue(nowMs: number): T | undefined;
  /** The earliest time; Infinity when empty. */
  readonly nextAtMs: number;
  readonly size: number;
}

/** Makes an empty heap. Push and pop cost O(log n). */
export function dueHeap<T>(): DueHeap<T> {
  const entries: { atMs: number; item: T }[] = [];
  return {
    push(atMs, item) {
      entries.push({ atMs, item });
      siftUp(entries);
    },
    popDue(nowMs) {
      const first = entries[0];
      if (first === undefined || first.atMs > nowMs) return undefined;
      const last = entries.pop();
      if (last !== undefined && entries.length > 0) {
        entries[0] = last;
        siftDown(entries);
      }
      return first.item;
    },
    get nextAtMs() {
      return entries[0]?.atMs ?? Number.POSITIVE_INFINITY;
    },
    get size() {
      return entries.length;
    },
  };
}

function at(entries: readonly { atMs: number }[], index: number): number {
  return entries[index]?.atMs ?? Number.POSITIVE_INFINITY;
}

function swap(entries: unknown[], a: number, b: number): void {
  [entries[a], entries[b]] = [entries[b], entries[a]];
}

function siftUp(entries: { atMs: number }[]): void {
  let child = entries.length - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (at(entries, parent) <= at(entries, child)) return;
    swap(entries, parent, child);
    child = parent;
  }
}

function siftDown(entries: { atMs: number }[]): void {
  let parent = 0;
  for (;;) {
    const left = parent * 2 + 1;
    const child = at(entries, left + 1) < at(entries, left) ? left + 1 : left;
    if (at(entries, child) >= at(entries, parent)) return;
    swap(entries, parent, child);
    parent = child;
  }
}
