import { isNotFound, type Resolve } from "./name-answer.ts";

const witnessCountMax = 3;
/** A verdict holds for this long. */
const verdictMs = 1_000;
const answerMsMax = 2_000;

/** Tells trouble with one name from trouble with all names. */
export interface NameWatch {
  /** Notes that a name was found. */
  onFound(hostname: string): void;
  /**
   * Tells whether name servers answer for nobody: names that were found lately are asked again, and
   * any answer clears them. False when there is no other name to ask.
   */
  areAllSilent(hostname: string): Promise<boolean>;
}

/** Makes one that knows no names. `now` is monotonic, in milliseconds. */
export function nameWatch(resolve: Resolve, now: () => number): NameWatch {
  /** Found lately, latest last. */
  const witnesses = new Set<string>();
  let verdict: Promise<boolean> | undefined;
  let verdictUntilMs = 0;
  return {
    onFound(hostname) {
      verdict = undefined;
      witnesses.delete(hostname);
      witnesses.add(hostname);
      const [oldest] = witnesses;
      if (witnesses.size > witnessCountMax && oldest !== undefined) witnesses.delete(oldest);
    },
    areAllSilent(hostname) {
      const others = [...witnesses].filter((witness) => witness !== hostname);
      if (others.length === 0) return Promise.resolve(false);
      if (verdict === undefined || now() >= verdictUntilMs) {
        verdict = nobodyAnswers(others.map(resolve));
        verdictUntilMs = now() + verdictMs;
      }
      return verdict;
    },
  };
}

async function nobodyAnswers(asked: readonly Promise<unknown>[]): Promise<boolean> {
  const heard = asked.map((answer) =>
    answer.catch((error: unknown) => {
      if (!isNotFound(error)) throw error; // that there is no such name is an answer, too
    }),
  );
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    late = setTimeout(resolve, answerMsMax, true);
  });
  const silent = Promise.any(heard).then(
    () => false,
    () => true,
  );
  const verdict = await Promise.race([silent, tooLate]);
  clearTimeout(late);
  return verdict;
}
