import { styleText } from "node:util";
import Table from "cli-table3";
import { plain, plainLine } from "./plain.ts";

/** How a text looks. */
export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

/** A stream of the process. */
export interface Stream {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
  write(text: string): unknown;
}

/** A column of a table, from one item. */
export interface Column<T> {
  readonly title: string;
  readonly of: (item: T) => string | number | boolean | undefined;
  /** How its cells look. */
  readonly style?: (text: string) => Style | undefined;
}

/** A name and its value; undefined values are left out. */
export type Field = readonly [name: string, value: string | number | boolean | undefined];

/** Where a command writes: results to standard output, all else to standard error. */
export interface Output {
  /** Whether programs read it. */
  readonly isJson: boolean;
  /** Whether a person watches, who can be asked, and shown what passes. */
  readonly isInteractive: boolean;
  /** Writes lines for people; nothing where programs read. */
  say(...lines: readonly string[]): void;
  /** Writes JSON text for programs; nothing where people read. */
  json(text: string): void;
  table<T>(items: Iterable<T>, columns: readonly Column<T>[]): void;
  fields(fields: readonly Field[], indent?: string): void;
  /** Tells people something beside the result. */
  note(text: string): void;
  style(style: Style, text: string): string;
}

/** Gives the output of a command. */
export function output(options: {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly isJson: boolean;
  readonly hasColours: boolean;
}): Output {
  const { stdout, stderr, isJson } = options;
  const hasColours = options.hasColours && stdout.isTTY === true && stdout.hasColors?.() === true;
  const style = (name: Style, text: string) =>
    hasColours ? styleText(name, text, { validateStream: false }) : text;
  const write = (text: string) => {
    if (!isJson) stdout.write(text);
  };
  return {
    isJson,
    isInteractive: stdout.isTTY === true && stderr.isTTY === true && !isJson,
    say: (...lines) => write(lines.map((line) => `${line}\n`).join("")),
    json: (text) => {
      if (isJson) stdout.write(`${text}\n`);
    },
    table: (items, columns) => write(`${tableOf(items, columns, style)}\n`),
    fields: (fields, indent = "") => write(linesOf(fields, indent, style)),
    note: (text) => {
      if (!isJson) stderr.write(`${plain(text)}\n`);
    },
    style,
  };
}

const noLines = Object.fromEntries(
  [
    ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left"],
    ...["bottom-right", "left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
  ].map((place) => [place, ""]),
);

function tableOf<T>(
  items: Iterable<T>,
  columns: readonly Column<T>[],
  style: (name: Style, text: string) => string,
): string {
  const table = new Table({
    head: columns.map(({ title }) => style("dim", title)),
    chars: noLines,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
  });
  for (const item of items) {
    const cells = columns.map((column) => {
      const text = plainLine(String(column.of(item) ?? ""));
      const look = column.style?.(text);
      return look === undefined ? text : style(look, text);
    });
    table.push(cells);
  }
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function linesOf(
  fields: readonly Field[],
  indent: string,
  style: (name: Style, text: string) => string,
): string {
  const shown = fields.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 2;
  const under = `\n${indent}${" ".repeat(width)}`;
  return shown
    .map(([name, value]) => {
      const text = plain(String(value)).replaceAll("\n", under);
      return `${indent}${style("dim", name.padEnd(width))}${text}\n`;
    })
    .join("");
}

/** Gives how a state looks. */
export function stateStyle(state: string): Style | undefined {
  switch (state) {
    case "ACTIVE":
    case "SUCCEEDED":
    case "COMPLETED":
    case "SYNCED":
      return "green";
    case "PAUSED":
    case "HELD":
    case "FIRST_SYNC":
    case "SYNCING":
      return "yellow";
    case "DISABLED":
    case "EXHAUSTED":
    case "CANCELED":
      return "red";
    default:
      return undefined;
  }
}

/** Gives an RFC 3339 time to the second. */
export function shortTime(time: string | undefined): string | undefined {
  return time?.replace(/\.\d+Z$/, "Z");
}
