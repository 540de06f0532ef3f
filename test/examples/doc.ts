import { readFileSync } from "node:fs";

const root = new URL("../..", import.meta.url);

/** A fenced block of a Markdown file. */
export interface Block {
  readonly language: string;
  readonly code: string;
}

/** Reads a file of the repository. */
export function readDoc(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** Gives the fenced blocks of a text, in order, without what they are indented by. */
export function blocksOf(text: string): readonly Block[] {
  const fences = text.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm);
  return [...fences].map(([, indent = "", language = "", code = ""]) => ({
    language,
    code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** Gives what links of a text point at, other than whole URLs and places in the text itself. */
export function linksOf(text: string): readonly string[] {
  const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = ""]) => target);
  return targets.filter((target) => !target.includes("://"));
}

/** Gives the names of settings that a text writes as code. */
export function settingsIn(text: string): ReadonlySet<string> {
  const names = text.matchAll(/`((?:POSTHORN|KAFKA|DATABASE|LOG)_[A-Z_]+)[`=]/g);
  return new Set([...names].map(([, name = ""]) => name));
}
