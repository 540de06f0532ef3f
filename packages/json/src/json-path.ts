import { Byte, skipSpace } from "./bytes.ts";
import { endOfString } from "./tokens.ts";

interface Level {
  /** The index of the present element, or undefined in an object. */
  index: number | undefined;
  /** The present member's name; undefined before the first. */
  name: string | undefined;
}

/** A name is cut to this many characters, so that a path stays readable in an error. */
const nameCharactersMax = 64;

/**
 * Names the place of an offset in a text that is sound JSON up to there: `a.b[3].c`. A name that
 * is no plain word stands as `["any name"]`.
 */
export function jsonPath(bytes: Uint8Array, offset: number): string {
  const levels: Level[] = [];
  let at = 0;
  while (at < offset) {
    const byte = bytes[at];
    if (byte === Byte.quote) {
      const end = endOfString(bytes, at);
      if (end < 0 || end > offset) break;
      noteName(levels.at(-1), bytes, at, end);
      at = end;
    } else {
      if (byte !== undefined) noteStructure(levels, byte);
      at += 1;
    }
  }
  noteFaultyName(levels.at(-1), bytes, at);
  return levels.map(stepText).join("").replace(/^\./, "");
}

/** A string that is followed by a colon is the name of a member. */
function noteName(level: Level | undefined, bytes: Uint8Array, start: number, end: number): void {
  if (level === undefined || level.index !== undefined) return;
  if (bytes[skipSpace(bytes, end)] === Byte.colon) level.name = nameText(bytes, start, end);
}

/** The fault may be a name itself, as with one that is given twice. */
function noteFaultyName(level: Level | undefined, bytes: Uint8Array, start: number): void {
  if (bytes[start] !== Byte.quote) return;
  const end = endOfString(bytes, start);
  if (end > 0) noteName(level, bytes, start, end);
}

function noteStructure(levels: Level[], byte: number): void {
  const level = levels.at(-1);
  if (byte === Byte.openBrace) levels.push({ index: undefined, name: undefined });
  else if (byte === Byte.openBracket) levels.push({ index: 0, name: undefined });
  else if (byte === Byte.closeBrace || byte === Byte.closeBracket) levels.pop();
  else if (byte === Byte.comma && level !== undefined) beginItem(level);
}

function beginItem(level: Level): void {
  level.name = undefined;
  if (level.index !== undefined) level.index += 1;
}

function nameText(bytes: Uint8Array, start: number, end: number): string {
  const name: unknown = JSON.parse(Buffer.from(bytes.subarray(start, end)).toString());
  return String(name).slice(0, nameCharactersMax);
}

function stepText({ index, name }: Level): string {
  if (index !== undefined) return `[${index}]`;
  if (name === undefined) return "";
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
