import type { Logger } from "@posthorn/runtime";

const pauseMs = 1_000;

/** Warns at most once a second, so that a server's absence does not fill the log; counts the rest. */
export function warnSeldom(log: Logger, message: string): (error: unknown) => void {
  let quietUntilMs = 0;
  let leftOutCount = 0;
  return (error) => {
    const nowMs = performance.now();
    if (nowMs < quietUntilMs) {
      leftOutCount += 1;
      return;
    }
    log.warn({ err: error, leftOutCount }, message);
    quietUntilMs = nowMs + pauseMs;
    leftOutCount = 0;
  };
}
