/** What the exit code says; docs/cli.md has the same table. */
export const exitCodes = {
  done: 0,
  /** Posthorn refused it, or what was asked is answered by no: a signature, a test, a check. */
  refused: 1,
  /** The command line, a file or a profile is wrong; nothing was sent. */
  usage: 2,
  /** Posthorn cannot be reached or cannot answer now; trying again may help. */
  unavailable: 3,
  /** The key is missing, wrong, or not allowed to do this. */
  key: 4,
  notFound: 5,
  /** Some of it was done; the message says how to go on. */
  halfway: 6,
  /** By Ctrl-C. */
  interrupted: 130,
} as const;

/** An exit code of the table. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Why a command ends without doing what it was asked: one line that says what to do. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: ExitCode;
  /** For programs. */
  readonly reason: string;

  constructor(
    exitCode: ExitCode,
    message: string,
    options: { readonly reason?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.exitCode = exitCode;
    this.reason = options.reason ?? nameOf(exitCode);
  }
}

/** Gives the failure of a command line that cannot be meant. */
export function misuse(message: string, cause?: unknown): Failure {
  return new Failure(exitCodes.usage, message, { cause });
}

function nameOf(exitCode: ExitCode): string {
  const found = Object.entries(exitCodes).find(([, code]) => code === exitCode);
  return found?.[0] ?? "refused";
}
