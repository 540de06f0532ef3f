const memberForm = /^([a-z*][a-z0-9_.*-]*)=(.*)$/;
const bytesForm = /^:([A-Za-z0-9+/]*={0,2}):$/;
const printable = /^[\x20-\x7e]*$/;
const lengthMax = 8_192;

/** The members of a dictionary by key, each as its text (RFC 9651, section 3.2). */
export type Dictionary = ReadonlyMap<string, string>;

/**
 * Reads a dictionary out of a header's lines; undefined when it is malformed, has a key twice, or
 * is longer than 8,192 characters. Members without a value are not used here, so they count as
 * malformed.
 */
export function parseDictionary(lines: readonly string[]): Dictionary | undefined {
  const text = lines.join(",");
  if (text.length > lengthMax) return undefined;
  const members = new Map<string, string>();
  for (const part of splitOutsideStrings(text)) {
    const [, key, value] = memberForm.exec(part.trim()) ?? [];
    if (key === undefined || value === undefined || members.has(key)) return undefined;
    members.set(key, value);
  }
  return members;
}

/** Splits at commas; those inside quotes are part of a string. */
function splitOutsideStrings(text: string): readonly string[] {
  const parts = [""];
  let isInString = false;
  let isEscaped = false;
  for (const character of text) {
    if (character === "," && !isInString) parts.push("");
    else parts[parts.length - 1] += character;
    if (character === '"' && !isEscaped) isInString = !isInString;
    isEscaped = isInString && character === "\\" && !isEscaped;
  }
  return parts;
}

/** Reads a byte sequence; undefined when it is malformed. */
export function parseBytes(text: string | undefined): Buffer | undefined {
  const [, base64] = bytesForm.exec(text ?? "") ?? [];
  return base64 === undefined ? undefined : Buffer.from(base64, "base64");
}

/** Writes a byte sequence. */
export function writeBytes(bytes: Buffer): string {
  return `:${bytes.toString("base64")}:`;
}

/** Writes a string. Throws a plain Error when it is not printable ASCII. */
export function writeString(text: string): string {
  if (!printable.test(text)) throw new Error("a string of a header must be printable ASCII");
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
