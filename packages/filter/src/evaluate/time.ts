/** A CEL timestamp: a point in time to the nanosecond. */
export class Timestamp {
  /** Since 1970. */
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

/** A CEL duration. */
export class Duration {
  readonly nanos: bigint;

  constructor(nanos: bigint) {
    this.nanos = nanos;
  }
}

export const nanosPerSecond = 1_000_000_000n;
const nanosPerMs = 1_000_000n;
/** The years 1 to 9999, as CEL has them. */
const firstNanos = -62_135_596_800n * nanosPerSecond;
const lastNanos = 253_402_300_800n * nanosPerSecond - 1n;
/** About 10,000 years, as in google.protobuf.Duration. */
const durationNanosMax = 315_576_000_000n * nanosPerSecond;

/** Gives the timestamp of nanoseconds since 1970; undefined outside the years 1 to 9999. */
export function timestampOf(nanos: bigint): Timestamp | undefined {
  return nanos < firstNanos || nanos > lastNanos ? undefined : new Timestamp(nanos);
}

/** Gives a duration; undefined when it is longer than about 10,000 years. */
export function durationOf(nanos: bigint): Duration | undefined {
  const isInRange = nanos <= durationNanosMax && nanos >= -durationNanosMax;
  return isInRange ? new Duration(nanos) : undefined;
}

const timestampPattern =
  /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Reads RFC 3339, to the nanosecond; undefined for all else. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const found = timestampPattern.exec(text);
  if (!found) return undefined;
  const [, date, time, fraction = "", sign, hours = "0", minutes = "0"] = found;
  const ms = Date.parse(`${date}T${time}Z`);
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(`${date}T${time}`)) {
    return undefined; // the 30th of February
  }
  const offsetMinutes = Number(hours) * 60 + Number(minutes);
  if (Number(hours) > 23 || Number(minutes) > 59) return undefined;
  const offsetMs = (sign === "-" ? -1 : 1) * offsetMinutes * 60_000;
  return timestampOf(BigInt(ms - offsetMs) * nanosPerMs + BigInt(fraction.padEnd(9, "0")));
}

const unitNanos: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  µs: 1000n,
  ms: nanosPerMs,
  s: nanosPerSecond,
  m: 60n * nanosPerSecond,
  h: 3600n * nanosPerSecond,
};
const durationPattern = /^[+-]?(?:\d{1,15}(?:\.\d{1,15})?(?:ns|us|µs|ms|s|m|h))+$/;
const durationParts = /(\d+)(?:\.(\d+))?(ns|us|µs|ms|s|m|h)/g;

/** Reads a duration such as `1h30m` or `-1.5s`; undefined for all else. */
export function parseDuration(text: string): Duration | undefined {
  if (text.length > 128 || !durationPattern.test(text)) return undefined;
  let nanos = 0n;
  for (const [, whole = "0", fraction = "", unit = ""] of text.matchAll(durationParts)) {
    const one = unitNanos[unit] ?? 0n;
    nanos += BigInt(whole) * one + (BigInt(`0${fraction}`) * one) / 10n ** BigInt(fraction.length);
  }
  return durationOf(text.startsWith("-") ? -nanos : nanos);
}

/** The parts of a timestamp that a filter may ask for, in UTC; CEL counts months and days from 0. */
export const timestampParts: Readonly<Record<string, (time: Timestamp) => number>> = {
  getFullYear: (time) => dateOf(time).getUTCFullYear(),
  getMonth: (time) => dateOf(time).getUTCMonth(),
  getDate: (time) => dateOf(time).getUTCDate(),
  getDayOfMonth: (time) => dateOf(time).getUTCDate() - 1,
  getDayOfWeek: (time) => dateOf(time).getUTCDay(),
  getDayOfYear: (time) => dayOfYear(dateOf(time)),
  getHours: (time) => dateOf(time).getUTCHours(),
  getMinutes: (time) => dateOf(time).getUTCMinutes(),
  getSeconds: (time) => dateOf(time).getUTCSeconds(),
  getMilliseconds: (time) => dateOf(time).getUTCMilliseconds(),
};

/** The units of a duration that a filter may ask for: how many whole ones it holds. */
export const durationUnits: Readonly<Record<string, bigint>> = {
  getHours: 3600n * nanosPerSecond,
  getMinutes: 60n * nanosPerSecond,
  getSeconds: nanosPerSecond,
};

function dateOf({ nanos }: Timestamp): Date {
  const ms = nanos / nanosPerMs;
  return new Date(Number(nanos < 0n && nanos % nanosPerMs !== 0n ? ms - 1n : ms));
}

function dayOfYear(date: Date): number {
  const start = new Date(date.getTime());
  start.setUTCMonth(0, 1);
  start.setUTCHours(0, 0, 0, 0);
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
}
