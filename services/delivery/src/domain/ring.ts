/** A queue whose first may go to the end: whose turn it is. Push and shift cost O(1). */
export interface Ring<T> {
  push(item: T): void;
  /** Takes the first; undefined when empty. */
  shift(): T | undefined;
  /** The first; undefined when empty. */
  peek(): T | undefined;
  readonly size: number;
}

/** Makes an empty ring. */
export function ring<T>(): Ring<T> {
  let places: (T | undefined)[] = Array(8).fill(undefined);
  let first = 0;
  let size = 0;
  return {
    push(item) {
      if (size === places.length) grow();
      places[(first + size) & (places.length - 1)] = item;
      size += 1;
    },
    shift() {
      if (size === 0) return undefined;
      const item = places[first];
      places[first] = undefined;
      first = (first + 1) & (places.length - 1);
      size -= 1;
      return item;
    },
    peek: () => (size === 0 ? undefined : places[first]),
    get size() {
      return size;
    },
  };

  function grow(): void {
    const unrolled = [...places.slice(first), ...places.slice(0, first)];
    places = [...unrolled, ...Array(places.length).fill(undefined)];
    first = 0;
  }
}
