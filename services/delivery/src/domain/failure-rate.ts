/** Attempts and failures of the last five minutes, in steps of half a minute. Changed in place. */
export interface FailureRate {
  attemptCount: number;
  failureCount: number;
  /** Attempts and failures of each step, in turn. */
  readonly steps: number[];
  /** The number of the latest step, counted from the clock's zero. */
  step: number;
}

const stepMs = 30_000;
const stepCount = 10;

/** Makes one that has counted nothing. */
export function emptyFailureRate(): FailureRate {
  return { attemptCount: 0, failureCount: 0, steps: Array(stepCount * 2).fill(0), step: 0 };
}

/** Counts one attempt, and drops what is older than five minutes. */
export function countAttempt(rate: FailureRate, failed: boolean, nowMs: number): void {
  advance(rate, Math.floor(nowMs / stepMs));
  add(rate, { attempts: 1, failures: failed ? 1 : 0 });
}

/** Forgets everything that was counted. */
export function clearFailureRate(rate: FailureRate): void {
  rate.steps.fill(0);
  rate.attemptCount = 0;
  rate.failureCount = 0;
}

function advance(rate: FailureRate, step: number): void {
  if (step - rate.step >= stepCount) clearFailureRate(rate);
  else
    while (rate.step < step) {
      rate.step += 1;
      const at = (rate.step % stepCount) * 2;
      add(rate, { attempts: -(rate.steps[at] ?? 0), failures: -(rate.steps[at + 1] ?? 0) });
    }
  rate.step = Math.max(rate.step, step);
}

function add(rate: FailureRate, { attempts, failures }: { attempts: number; failures: number }) {
  const at = (rate.step % stepCount) * 2;
  rate.steps[at] = (rate.steps[at] ?? 0) + attempts;
  rate.steps[at + 1] = (rate.steps[at + 1] ?? 0) + failures;
  rate.attemptCount += attempts;
  rate.failureCount += failures;
}
