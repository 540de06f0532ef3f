import { AppError } from "@posthorn/errors";
import pg from "pg";

/**
 * SQLSTATEs under which the same statement may succeed in a while: whole classes (connection
 * exceptions, insufficient resources) and single codes.
 * https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const unavailableClasses = ["08", "53"];
const unavailableStates = new Set([
  "57P01", // admin_shutdown
  "57P02", // crash_shutdown
  "57P03", // cannot_connect_now
  "57P05", // idle_session_timeout
  "25006", // read_only_sql_transaction: a standby, before or after a failover
]);

/** What the system says when a server is not there, or no longer. */
const unavailableErrnos = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOENT", // the socket of a stopped server
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/** node-postgres gives these no code; taken from the sources of pg 8.23.1 and pg-pool 3.14.0. */
const unavailableMessages = [
  "Connection terminated",
  "timeout exceeded when trying to connect",
  "timeout expired",
  "Client has encountered a connection error and is not queryable",
  "Client was closed and is not queryable",
];

/** Causes looked through at most. */
const causeDepthMax = 8;

/**
 * Whether a statement broke a unique or primary key constraint: this one, by its name, or any if
 * none is named. Looks at the driver's own error only, not through causes.
 */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code !== "23505") return false;
  return constraint === undefined || error.constraint === constraint;
}

/** Whether a statement gave up waiting for a lock (`lock_timeout`), or was told not to wait. */
export function isLockTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "55P03";
}

/**
 * Whether the database cannot be used for now: not reachable, connection lost, starting, stopping,
 * out of connections, memory or disk. Looks through causes, but not through an AppError. After a
 * lost connection nobody knows whether the statement, or the commit, took effect.
 */
export function isUnavailable(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < causeDepthMax; depth++) {
    if (!(current instanceof Error) || current instanceof AppError) return false;
    if (isUnavailableItself(current)) return true;
    current = current.cause;
  }
  return false;
}

function isUnavailableItself(error: Error): boolean {
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (error instanceof pg.DatabaseError) {
    return unavailableStates.has(code) || unavailableClasses.includes(code.slice(0, 2));
  }
  if ("syscall" in error || error instanceof AggregateError) return unavailableErrnos.has(code);
  return unavailableMessages.some((message) => error.message.startsWith(message));
}
