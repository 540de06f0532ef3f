/** Gives the name that was most likely meant; undefined when none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = isBeginning(name, candidate)
      ? 1
      : distanceOf(name.toLowerCase(), candidate.toLowerCase());
    if (distance < (best?.distance ?? limitOf(name) + 1)) best = { name: candidate, distance };
  }
  return best?.name;
}

/** A third of a name may be wrong, and at most 3 characters. */
function limitOf(name: string): number {
  return Math.min(3, Math.max(1, Math.floor(name.length / 3)));
}

function isBeginning(name: string, candidate: string): boolean {
  return name.length >= 3 && candidate.startsWith(name);
}

/** Names longer than this are not compared. */
const lengthMax = 64;

/** How many characters to insert, delete, replace or swap with their neighbour. */
function distanceOf(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3 || a.length > lengthMax) return Number.POSITIVE_INFINITY;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (isSame ? 0 : 1),
        isSwap ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? Number.POSITIVE_INFINITY;
}
