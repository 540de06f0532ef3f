/** Microseconds of the machine's monotonic clock, the same in all processes. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
