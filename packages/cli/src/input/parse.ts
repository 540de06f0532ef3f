import { InvalidArgumentError } from "commander";

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Reads a length of time such as `90s`, `15m`, `24h` or `7d`, in seconds. */
export function seconds(text: string): number {
  const [, count = "", unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const length = Number(count) * (units[unit] ?? Number.NaN);
  if (Number.isFinite(length) && length <= 1e9 && count !== "") return length;
  throw new InvalidArgumentError("It must be a length of time such as 90s, 15m, 24h or 7d.");
}

/** Reads a time: RFC 3339 with a zone, a date (UTC), or how long ago, such as `2h`; `+2h` is ahead. */
export function time(text: string, now: Date): Date {
  const ago = /^(\+?)(\d.*[smhd])$/.exec(text);
  if (ago) {
    const lengthMs = seconds(ago[2] ?? "") * 1_000;
    return new Date(now.getTime() + (ago[1] === "+" ? lengthMs : -lengthMs));
  }
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i.test(text);
  const found = isDate || isTime ? new Date(text) : undefined;
  if (found !== undefined && !Number.isNaN(found.getTime())) return found;
  throw new InvalidArgumentError(
    "It must be a time such as 2026-11-21T13:00:00Z, a date, or how long ago: 2h, 7d.",
  );
}

/** Reads a whole number from 0 up. */
export function count(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
}

/** Reads a number. */
export function number(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a number.");
}

/** Reads one or more texts, by commas or by naming the option again. */
export function texts(text: string, before: readonly string[] = []): readonly string[] {
  return [
    ...before,
    ...text
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== ""),
  ];
}

/** Reads `name=value`, once for each time the option is named. */
export function pairs(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at > 0) return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
  throw new InvalidArgumentError("It must be name=value.");
}

/** Reads `Name: value`, once for each time the option is named. */
export function headers(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const at = text.indexOf(":");
  if (at > 0) return { ...before, [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
  throw new InvalidArgumentError("It must be a header such as 'X-Team: orders'.");
}

/** Gives a reader of a word of a list, in any case; it gives the word as the list has it. */
export function oneOf<const T extends string>(...words: readonly T[]): (text: string) => T {
  return (text) => {
    const found = words.find((word) => word.toLowerCase() === text.toLowerCase());
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`It must be one of ${words.join(", ")}.`);
  };
}

/** Checks a time as an option has it, and gives it as it is: what it means depends on now. */
export function timeText(text: string): string {
  time(text, new Date(0));
  return text;
}
