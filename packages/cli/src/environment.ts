import type { Stream } from "./output/output.ts";

/** What the process gives. */
export interface Environment {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The program that runs this one. */
  readonly node: string;
  /** Where paths are relative to. */
  readonly workingDir: string;
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY?: boolean };
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Aborts at Ctrl-C. */
  readonly stop: AbortSignal;
  now(): Date;
  /** Runs a program of the repository on this terminal; gives its exit code. */
  run(command: readonly string[]): Promise<number>;
}
