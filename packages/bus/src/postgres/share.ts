/** A group as its tables show it. */
export interface GroupView {
  readonly me: string;
  /** The members whose heartbeat has not lapsed, this one among them. */
  readonly live: readonly string[];
  /** By partition: the live member that holds it, or null. */
  readonly holders: readonly (string | null)[];
}

/** What this member gives up, and what it may try to take. */
export interface Rebalance {
  readonly release: readonly number[];
  readonly take: readonly number[];
}

/**
 * Spreads partitions evenly over the live members, and moves none that need not move. All members
 * decide by this alone; two that try to take the same partition are told apart by its row's lock.
 */
export function rebalance({ me, live, holders }: GroupView): Rebalance {
  const share = shareOf(me, live, holders.length);
  const mine = partitionsWhere((holder) => holder === me);
  const free = partitionsWhere((holder) => holder === null || !live.includes(holder));
  return {
    release: mine.slice(share),
    take: free.slice(0, Math.max(0, share - mine.length)),
  };

  function partitionsWhere(test: (holder: string | null) => boolean): number[] {
    return holders.flatMap((holder, partition) => (test(holder) ? [partition] : []));
  }
}

/** The first members in the order of their ids get one more when it does not come out even. */
function shareOf(me: string, live: readonly string[], partitionCount: number): number {
  const rank = [...live].sort().indexOf(me);
  if (rank === -1) return 0;
  return Math.floor(partitionCount / live.length) + (rank < partitionCount % live.length ? 1 : 0);
}
