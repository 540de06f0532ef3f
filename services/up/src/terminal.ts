import { styleText } from "node:util";

/** How a text looks. */
export type Style = "bold" | "dim" | "green" | "red" | "cyan";

/** Where the person who started it reads. */
export interface Terminal {
  /** Writes whole lines. */
  say(...lines: readonly string[]): void;
  /** Shows one line until the next `say`; shows nothing where nobody watches. */
  status(text: string): void;
  /** Colours a text, where colours are shown. */
  style(styles: Style | readonly Style[], text: string): string;
}

/** What a terminal is made of: `process.stdout`. */
export interface Output {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
  write(text: string): unknown;
}

const clearLine = "\r\u001b[K";

/** Gives the terminal over an output; colours and passing lines only where it is a real one. */
export function terminal(output: Output): Terminal {
  const isReal = output.isTTY === true;
  const hasColours = isReal && (output.hasColors?.() ?? false);
  let hasStatus = false;
  return {
    say(...lines) {
      const text = lines.map((line) => `${line}\n`).join("");
      output.write(hasStatus ? `${clearLine}${text}` : text);
      hasStatus = false;
    },
    status(text) {
      if (isReal) output.write(`${clearLine}  ${text}`);
      hasStatus = isReal;
    },
    style: (styles, text) =>
      hasColours ? styleText([styles].flat(), text, { validateStream: false }) : text,
  };
}
