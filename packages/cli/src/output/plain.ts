/** What moves a terminal's cursor, hides text or turns its direction; a line feed does not. */
const ranges = [
  [0x00, 0x09],
  [0x0b, 0x1f],
  [0x7f, 0x9f],
  [0x202a, 0x202e],
  [0x2066, 0x2069],
] as const;
const hidden = new RegExp(`[${ranges.map((range) => range.map(escaped).join("-")).join("")}]`, "g");

/** Gives a text that a terminal shows as it is: control characters are written as escapes. */
export function plain(text: string): string {
  return text.replaceAll(hidden, (char) => (char === "\t" ? "  " : escaped(char.charCodeAt(0))));
}

/** The same in one line. */
export function plainLine(text: string): string {
  return plain(text).replaceAll("\n", "\\n");
}

function escaped(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
