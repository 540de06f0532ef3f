import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Logger } from "@posthorn/runtime";

/** What Postgres writes to its standard error. */
export interface ServerLog {
  /** The last complaints, else the last lines, as one line. */
  tail(): string;
}

const linesKept = 20;
const tailLines = 4;
/** Before our log_line_prefix (`autovacuum worker: `) is in force: `2026-01-01 12:00:00.000 GMT [1] `. */
const earlyPrefix = /^\d{4}-\d\d-\d\d \S+ \w+ \[\d+\] /;
/** The first line of a message; DETAIL, HINT and lines without a label belong to the one before. */
const head = /^([a-z ]+: )?((DEBUG\d|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC):|postgres: )/;
/** A statement failed: its sender is told, and the message may hold a row's values. */
const statementError = /^(client backend|parallel worker): ERROR:/;
/** Not that it is starting or stopping, which every waiting or open connection is told. */
const worthTelling =
  /(PANIC|ERROR|WARNING): |FATAL: +(?! |the database system is|terminating connection due to admin)/;
const complaint = /(ERROR|FATAL|PANIC): |^postgres: /;

/** Hands on the lines, as warnings or debug; what statements fail with is left out. */
export function serverLog(stderr: Readable, log: Logger): ServerLog {
  const kept: { line: string; message: string }[] = [];
  let message = "";
  createInterface({ input: stderr }).on("line", (text) => {
    const line = text.replace(earlyPrefix, "");
    if (head.test(line)) message = line;
    if (statementError.test(message)) return;
    kept.push({ line, message });
    if (kept.length > linesKept) kept.shift();
    if (worthTelling.test(message)) log.warn({ line }, "postgres says");
    else log.debug({ line }, "postgres says");
  });
  return {
    tail() {
      const complaints = kept.filter((entry) => complaint.test(entry.message));
      const entries = complaints.length > 0 ? complaints : kept;
      const lines = entries.slice(-tailLines).map(({ line }) => line.trim());
      return lines.join(" | ") || "it said nothing";
    },
  };
}
