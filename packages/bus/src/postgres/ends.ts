import { type Wakeup, wakeup } from "@posthorn/runtime";

/** What this process knows of where partitions end, and who waits for more. */
export interface Ends {
  /** The highest end known; 0n when nothing was heard yet. */
  of(place: PartitionPlace): bigint;
  /** Tells that the partition reaches up to `end` at least; wakes its readers if that is news. */
  observe(place: PartitionPlace, end: bigint): void;
  /** A wake-up that `observe` rings for this partition, until `release`. */
  watch(place: PartitionPlace): { readonly wakeup: Wakeup; release(): void };
}

/** A partition of a topic by the topic's number. */
export interface PartitionPlace {
  readonly topicId: number;
  readonly partition: number;
}

interface End {
  offset: bigint;
  readonly watchers: Set<Wakeup>;
}

/** Starts with no knowledge. */
export function ends(): Ends {
  const known = new Map<string, End>();
  return {
    of: (place) => endOf(place).offset,
    observe(place, offset) {
      const end = endOf(place);
      if (offset <= end.offset) return;
      end.offset = offset;
      for (const watcher of end.watchers) watcher.wake();
    },
    watch(place) {
      const { watchers } = endOf(place);
      const watcher = wakeup();
      watchers.add(watcher);
      return { wakeup: watcher, release: () => watchers.delete(watcher) };
    },
  };

  function endOf({ topicId, partition }: PartitionPlace): End {
    const key = `${topicId}/${partition}`;
    const found = known.get(key);
    if (found) return found;
    const end: End = { offset: 0n, watchers: new Set() };
    known.set(key, end);
    return end;
  }
}
