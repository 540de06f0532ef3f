import { hash } from "node:crypto";
import { AppError } from "@posthorn/errors";

/** Bounds how many wrong keys an address may try. */
export interface FailedKeys {
  /**
   * Gives the `limited` refusal of an address that has tried too many wrong keys; undefined for
   * others, and for a key that worked here before: whoever shares an address with an attacker goes
   * on working.
   */
  refusal(address: string, authorization: string): AppError | undefined;
  /** Notes that an address has shown a wrong key. */
  failed(address: string): void;
  /** Notes that what a caller showed was a good key. */
  worked(authorization: string): void;
}

/** How much is too much. */
export interface FailedKeysOptions {
  /** Wrong keys that an address may try at once. Default: 1,000. */
  readonly countMax?: number;
  /** Wrong keys that are forgiven each second. Default: 10. */
  readonly perSecond?: number;
  /** How many addresses, and how many good keys, are remembered; the oldest go. Default: 10,000. */
  readonly entryCountMax?: number;
  /** Milliseconds that never go back; default performance.now. */
  readonly monotonicMs?: () => number;
}

const defaults = {
  countMax: 1_000,
  perSecond: 10,
  entryCountMax: 10_000,
  monotonicMs: () => performance.now(),
};

/** Makes one that remembers nothing yet. Of keys it keeps no more than their SHA-256. */
export function failedKeys(options: FailedKeysOptions = {}): FailedKeys {
  const { countMax, perSecond, entryCountMax, monotonicMs } = { ...defaults, ...options };
  const failures = new Map<string, { count: number; atMs: number }>();
  const good = new Map<string, true>();
  const countOf = (address: string) => {
    const { count, atMs } = failures.get(address) ?? { count: 0, atMs: 0 };
    return Math.max(0, count - ((monotonicMs() - atMs) / 1_000) * perSecond);
  };
  return {
    refusal(address, authorization) {
      const count = countOf(address);
      if (count + 1 <= countMax || good.has(fingerprint(authorization))) return undefined;
      const retryAfterMs = ((count - countMax + 1) / perSecond) * 1_000;
      const message = "too many wrong keys came from this address";
      return new AppError("limited", message, { retryAfterMs });
    },
    failed(address) {
      put(failures, address, { count: countOf(address) + 1, atMs: monotonicMs() }, entryCountMax);
    },
    worked(authorization) {
      const key = fingerprint(authorization);
      if (!good.has(key)) put(good, key, true, entryCountMax);
    },
  };
}

function fingerprint(authorization: string): string {
  return hash("sha256", authorization, "base64");
}

/** Puts an entry last and drops the first when there are too many. */
function put<T>(entries: Map<string, T>, key: string, value: T, countMax: number): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size <= countMax) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
