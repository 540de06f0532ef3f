import { STATUS_CODES } from "node:http";

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
] as const;

/** Gives a time span for people: `120 ms`, `1.5 s`, `5 min`, `2 h 5 min`; `0 ms` for none. */
export function spanInWords(ms: number): string {
  if (ms < 1_000) return `${Math.max(Math.round(ms), 0)} ms`;
  if (ms < 10_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  const parts: string[] = [];
  let left = Math.round(ms / 1_000) * 1_000;
  for (const [unit, unitMs] of units) {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    if (count > 0) parts.push(`${count} ${unit}`);
    if (parts.length === 2) break;
  }
  return parts.join(" ");
}

/** Gives a status with its name: `503 Service Unavailable`; alone when it has none. */
export function statusInWords(statusCode: number): string {
  return [statusCode, STATUS_CODES[statusCode]].filter(Boolean).join(" ");
}
