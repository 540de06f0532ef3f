import { AppError } from "@posthorn/errors";

/** How long answers are good. */
export interface ConfirmedCacheOptions<T> {
  /** How long an answer is used without asking again. */
  readonly freshMs: number;
  /** How long an answer is used while there is no asking. */
  readonly goodMs: number;
  /** How long to go on without asking again after it failed. */
  readonly pauseMs: number;
  /** Beyond these the longest unused are forgotten. */
  readonly entryCountMax: number;
  now(): number;
  /** When an answer ends whatever else; undefined when it has no end. */
  expiresAtMs?(answer: T): number | undefined;
}

/** Asks, or gives what was answered lately. Undefined: there is none. */
export type ConfirmedCache<T> = (
  key: string,
  ask: () => Promise<T | undefined>,
) => Promise<T | undefined>;

interface Entry<T> {
  answer: T;
  /** When the question was sent: what it says held at least then. */
  confirmedAtMs: number;
  /** Not asked again before, after a failure. */
  pausedUntilMs: number;
}

/**
 * Keeps answers for a while, so that one question at a time is under way for a key. A "there is
 * none" is not kept. Throws what `ask` throws, unless an earlier answer is still good and the
 * failure is `unavailable` or `deadline`.
 */
export function confirmedCache<T>(options: ConfirmedCacheOptions<T>): ConfirmedCache<T> {
  const entries = new Map<string, Entry<T>>();
  const asking = new Map<string, Promise<T | undefined>>();
  const isGood = (entry: Entry<T>, forMs: number) => {
    const nowMs = options.now();
    const expiresAtMs = options.expiresAtMs?.(entry.answer) ?? Number.POSITIVE_INFINITY;
    return nowMs < entry.confirmedAtMs + forMs && nowMs < expiresAtMs;
  };
  const keep = (key: string, answer: T, confirmedAtMs: number) => {
    entries.delete(key);
    entries.set(key, { answer, confirmedAtMs, pausedUntilMs: 0 });
    if (entries.size <= options.entryCountMax) return;
    const [oldest] = entries.keys();
    if (oldest !== undefined) entries.delete(oldest);
  };
  const refresh = async (key: string, ask: () => Promise<T | undefined>) => {
    const askedAtMs = options.now();
    try {
      const answer = await ask();
      if (answer === undefined) entries.delete(key);
      else keep(key, answer, askedAtMs);
      return answer;
    } catch (error) {
      const entry = entries.get(key);
      if (entry === undefined || !isGood(entry, options.goodMs) || !isOutage(error)) throw error;
      entry.pausedUntilMs = options.now() + options.pauseMs;
      return entry.answer;
    } finally {
      asking.delete(key);
    }
  };
  return async (key, ask) => {
    const entry = entries.get(key);
    if (entry !== undefined) {
      const isPaused = options.now() < entry.pausedUntilMs && isGood(entry, options.goodMs);
      if (isPaused || isGood(entry, options.freshMs)) return entry.answer;
    }
    const known = asking.get(key);
    if (known !== undefined) return await known;
    const asked = refresh(key, ask);
    asking.set(key, asked);
    return await asked;
  };
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof AppError)) return false;
  return error.reason === "unavailable" || error.reason === "deadline";
}
