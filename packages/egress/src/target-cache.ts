import type { Target } from "./url-policy.ts";

/** What a check of a URL said. */
export type Verdict = Target | { readonly problem: string };

/**
 * Remembers the verdicts on up to `countMax` URLs: the policy of a sender never changes, and a check
 * costs as much as the rest of sending. The least recently asked goes first; the order is only kept
 * once the memory is half full, since a Map makes a new table after every few deletions.
 */
export function targetCache(check: (url: string) => Verdict, countMax: number) {
  const verdicts = new Map<string, Verdict>();
  return (url: string): Verdict => {
    const known = verdicts.get(url);
    if (known !== undefined && verdicts.size <= countMax / 2) return known;
    const verdict = known ?? check(url);
    if (known !== undefined) verdicts.delete(url);
    verdicts.set(url, verdict);
    const [oldest] = verdicts.size > countMax ? verdicts.keys() : [];
    if (oldest !== undefined) verdicts.delete(oldest);
    return verdict;
  };
}
