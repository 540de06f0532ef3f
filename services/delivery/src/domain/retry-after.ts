/** Longest wait that a receiver can ask for. */
export const retryAfterMsMax = 24 * 60 * 60 * 1000;

/**
 * Reads a `Retry-After` header (RFC 9110, 10.2.3): seconds or an HTTP date. Gives milliseconds
 * from `now`, 0 to 24 h; undefined when it is absent, malformed or in the past.
 */
export function retryAfterMs(header: string | undefined, now: Date): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const waitMs = /^\d{1,10}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now.getTime();
  if (Number.isNaN(waitMs) || waitMs <= 0) return undefined;
  return Math.min(waitMs, retryAfterMsMax);
}
