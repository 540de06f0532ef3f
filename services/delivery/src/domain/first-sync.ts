import { patternFor } from "./patterns.ts";

/** When the first syncs of connections ended, by their ids; undefined while one runs. */
export type FirstSyncEnds = ReadonlyMap<string, Date | undefined>;

/** What of an event says whether a first sync withholds it. */
export interface SyncedEvent {
  readonly type: string;
  /** RFC 3339. */
  readonly time: string;
  readonly connectionId?: string | undefined;
  /** When its connection's first sync ended, if it had when the event was accepted. */
  readonly firstSyncEndedAt?: Date | undefined;
}

/**
 * Tells whether an event happened before the end of its connection's first sync, and is of a type
 * that is not sent meanwhile. `sentTypes`, exact names or `prefix.*`, are; none means that all are.
 */
export function isInFirstSync(
  { type, time, connectionId, firstSyncEndedAt }: SyncedEvent,
  ends: FirstSyncEnds,
  sentTypes: readonly string[],
): boolean {
  if (connectionId === undefined || sentTypes.length === 0) return false;
  if (firstSyncEndedAt === undefined && !ends.has(connectionId)) return false;
  const endedAt = firstSyncEndedAt ?? ends.get(connectionId);
  if (endedAt !== undefined && Date.parse(time) >= endedAt.getTime()) return false;
  return patternFor(type, sentTypes) === undefined;
}
