import { once } from "node:events";
import { connect, createServer } from "node:net";
import pg from "pg";
import { Refusal } from "./refusal.ts";

const timeoutMs = 5_000;

/** Throws Refusal unless the server takes our user and has the database. */
export async function checkDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: timeoutMs });
  client.on("error", () => {}); // Told by the query, too.
  try {
    await client.connect();
    await client.query("select 1");
  } catch (error) {
    const { hostname, port, pathname } = new URL(url);
    const place = `${hostname || "localhost"}:${port || "5432"}${pathname}`;
    throw new Refusal(`DATABASE_URL: ${place} cannot be used: ${wordsFor(error)}.`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => {}); // Nothing is left to lose on it.
  }
}

/** Throws Refusal unless one of the brokers takes connections. */
export async function checkBrokers(brokers: readonly string[]): Promise<void> {
  try {
    await Promise.any(brokers.map(connectTo));
  } catch (error) {
    const first = error instanceof AggregateError ? error.errors[0] : error;
    const problem = `KAFKA_BROKERS: no broker answers at ${brokers.join(", ")}: ${wordsFor(first)}.`;
    throw new Refusal(problem, { cause: error });
  }
}

async function connectTo(broker: string): Promise<void> {
  const { hostname, port } = new URL(`tcp://${broker}`);
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(port) });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(timeoutMs) });
  } finally {
    socket.destroy();
  }
}

/** Throws Refusal, naming the setting, when the port cannot be listened on; 0 is any free one. */
export async function checkPort(
  setting: string,
  { host, port }: { host: string; port: number },
): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(port, host), "listening");
  } catch (error) {
    throw new Refusal(portProblem(setting, `${host}:${port}`, codeOf(error)), { cause: error });
  } finally {
    server.close();
  }
}

function portProblem(setting: string, place: string, code: string): string {
  switch (code) {
    case "EADDRINUSE":
      return `${place} is in use by another program: stop that, or set ${setting} to a free port.`;
    case "EACCES":
      return `${place} may not be opened by this user: set ${setting} to a port above 1023.`;
    default:
      return `${place} cannot be opened (${code}): see POSTHORN_HOST and ${setting}.`;
  }
}

function wordsFor(error: unknown): string {
  if (error instanceof AggregateError) return wordsFor(error.errors[0]);
  switch (codeOf(error)) {
    case "ECONNREFUSED":
      return "the connection is refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "there is no such host";
    case "ETIMEDOUT":
    case "ABORT_ERR":
      return `no answer within ${timeoutMs / 1_000} s`;
    case "28P01":
    case "28000":
      return "it refuses the user or the password";
    case "3D000":
      return "there is no such database";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
