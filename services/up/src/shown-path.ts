import { isAbsolute, relative } from "node:path";

/** Gives a path as it can be typed in a shell: relative to that folder where it lies below it. */
export function shownPath(path: string, workingDir: string): string {
  const short = relative(workingDir, path);
  const shown = short.startsWith("..") || isAbsolute(short) || short === "" ? path : short;
  return /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", `'\\''`)}'`;
}
