/** The longest time that a Node timer can wait: a longer deadline would pass at once. */
const timerMsMax = 2_147_483_647;

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1 };

/** Takes a deadline away that no timer can keep: weeks ahead is as good as none. */
export function dropEndlessTimeout(header: Headers): void {
  const [, count, unit = ""] = /^(\d+)([HMSm])$/.exec(header.get("grpc-timeout") ?? "") ?? [];
  if (Number(count) * (unitMs[unit] ?? 0) > timerMsMax) header.delete("grpc-timeout");
  if (Number(header.get("connect-timeout-ms")) > timerMsMax) header.delete("connect-timeout-ms");
}
