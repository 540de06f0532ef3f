import { readFileSync } from "node:fs";

/** One row of ssrf.txt. */
export interface Row {
  readonly id: string;
  readonly verdict: string;
  readonly input: string;
}

/** Gives the rows of one wall (V, C, H or R), in order, with `\u`, `\t`, `\r` and `\n` undone. */
export function rowsOf(wall: string): readonly Row[] {
  return readFileSync(new URL("./ssrf.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => !line.startsWith("#") && line !== "")
    .map((line) => line.split("|"))
    .filter(([, rowWall]) => rowWall === wall)
    .map(([id = "", , verdict = "", input = ""]) => ({ id, verdict, input: unescaped(input) }));
}

const controls: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n" };

function unescaped(text: string): string {
  return text.replace(/\\(?:u([0-9A-Fa-f]{4})|([trn]))/g, (_, code?: string, control?: string) =>
    code === undefined ? (controls[control ?? ""] ?? "") : String.fromCharCode(Number(`0x${code}`)),
  );
}
