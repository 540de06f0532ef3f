import { randomUUID } from "node:crypto";
import { base32ToHex, hexToBase32 } from "./base32.ts";

/**
 * What an id names: event, webhook, delivery, attempt, replay, connection, key, workspace, dead
 * letter, outcome.
 */
export type IdPrefix =
  | "evt"
  | "wh"
  | "dlv"
  | "att"
  | "rpl"
  | "conn"
  | "key"
  | "ws"
  | "dead"
  | "out";

/** The last millisecond whose day has a year of four digits. */
const timeMsMax = Date.UTC(10_000, 0) - 1;

/** Makes a UUIDv7 of the given time (default: now); random below the millisecond. */
export function newUuid(atMs: number = Date.now()): string {
  const time = Math.trunc(atMs).toString(16).padStart(12, "0");
  // A random UUID has 122 random bits; the time takes the place of the first 48.
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/** Makes an id: prefix, `_`, and 26 characters of Crockford base32 of a UUIDv7 of that time. */
export function newId(prefix: IdPrefix, atMs?: number): string {
  return uuidToId(prefix, newUuid(atMs));
}

/** Gives the id of a UUID, which is one of ours or of any version. */
export function uuidToId(prefix: IdPrefix, uuid: string): string {
  return `${prefix}_${hexToBase32(uuid.replaceAll("-", ""))}`;
}

/**
 * Gives the UUID (lower case, with hyphens) of an id. Undefined when the id is malformed, has
 * another prefix, or is no UUIDv7 of a year up to 9999: no row can have it.
 */
export function idToUuid(prefix: IdPrefix, id: string): string | undefined {
  if (!id.startsWith(`${prefix}_`)) return undefined;
  const hex = base32ToHex(id.slice(prefix.length + 1));
  if (hex === undefined || !/^.{12}7.{3}[89ab]/.test(hex)) return undefined;
  if (Number.parseInt(hex.slice(0, 12), 16) > timeMsMax) return undefined;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Gives the time in a UUIDv7 or an id of one, in milliseconds. Throws a defect for other text. */
export function idTimeMs(idOrUuid: string): number {
  const underscore = idOrUuid.indexOf("_");
  const hex =
    underscore < 0
      ? idOrUuid.slice(0, 13).replace("-", "")
      : base32ToHex(idOrUuid.slice(underscore + 1))?.slice(0, 12);
  if (hex === undefined || !/^[0-9a-f]{12}$/i.test(hex)) {
    throw new Error(`no time can be read from the id ${idOrUuid}`);
  }
  return Number.parseInt(hex, 16);
}

const dayMs = 86_400_000;
/** The day that was asked for last, as most ids are of the same. */
const last = { day: Number.NaN, text: "" };

/** Gives the day (UTC, `YYYY-MM-DD`) of a UUIDv7 or an id of one: its rows' partition. */
export function dayOf(idOrUuid: string): string {
  const day = Math.floor(idTimeMs(idOrUuid) / dayMs);
  if (day !== last.day) {
    last.day = day;
    last.text = new Date(day * dayMs).toISOString().slice(0, 10);
  }
  return last.text;
}
