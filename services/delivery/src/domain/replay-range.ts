import { invalid } from "@posthorn/errors";

/** A point in time as it travels: whole seconds since 1970 and nanoseconds. */
interface WireTime {
  readonly seconds: bigint;
  readonly nanos: number;
}

const dayMs = 86_400_000;

/** The times of a replay's range as they were asked for, and what the request calls them. */
export interface AskedRange {
  /** Undefined for as far back as bodies are kept. */
  readonly after: WireTime | undefined;
  /** Undefined for now. */
  readonly before: WireTime | undefined;
  readonly names: { readonly after: string; readonly before: string };
  /** How many days bodies are kept, and so how far back it may reach. */
  readonly bodiesDays: number;
}

/**
 * Gives the range of a replay, `after` included and `before` not. Throws `invalid`, naming the
 * field, for a time in the future, and for a range that is empty or begins before what is kept.
 */
export function checkRange(asked: AskedRange, now: Date): { after: Date; before: Date } {
  const nowMs = now.getTime();
  const { names, bodiesDays } = asked;
  const oldestMs = nowMs - bodiesDays * dayMs;
  const afterMs = asked.after ? msOf(asked.after) : oldestMs;
  const beforeMs = asked.before ? msOf(asked.before) : nowMs;
  if (afterMs > nowMs) throw invalid(names.after, "must not be in the future");
  if (beforeMs > nowMs) throw invalid(names.before, "must not be in the future");
  if (afterMs < oldestMs) throw invalid(names.after, `must be at most ${bodiesDays} days ago`);
  if (beforeMs <= afterMs) throw invalid(names.before, `must be later than ${names.after}`);
  return { after: new Date(afterMs), before: new Date(beforeMs) };
}

function msOf({ seconds, nanos }: WireTime): number {
  return Number(seconds) * 1_000 + nanos / 1_000_000;
}
