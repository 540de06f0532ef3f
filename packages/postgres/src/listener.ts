import { setTimeout as sleep } from "node:timers/promises";
import type { Logger, Part } from "@posthorn/runtime";
import pg from "pg";
import { isUnavailable } from "./pg-error.ts";

/** What is listened to. */
export interface ListenerOptions {
  readonly url: string;
  /** Names as in `notify <name>`. */
  readonly channels: readonly string[];
  /** Called for every notice; with an empty payload for each channel after a reconnection. */
  onNotify(channel: string, payload: string): void;
  readonly log: Logger;
}

const connectTimeoutMs = 5_000;
/** A connection that died silently is found out within this time, and one query. */
const checkMs = 15_000;
const checkTimeoutMs = 5_000;
const retryDelaysMs = [50, 200, 1_000, 3_000];

/**
 * Listens on one connection of its own, and on a new one when that breaks. Notices sent meanwhile
 * are lost, hence the call for every channel afterwards: it means "look for yourself".
 */
export function listener(options: ListenerOptions): Part {
  return {
    name: "postgres listener",
    async run(stop, ready) {
      let failureCount = 0;
      let isFirst = true;
      while (!stop.aborted) {
        try {
          await listen(options, stop, () => {
            failureCount = 0;
            if (isFirst) ready();
            else for (const channel of options.channels) options.onNotify(channel, "");
            isFirst = false;
          });
        } catch (error) {
          if (stop.aborted) return;
          if (!isUnavailable(error)) throw error;
          options.log.warn({ err: error }, "listener lost its connection");
        }
        const delayMs = retryDelaysMs[Math.min(failureCount++, retryDelaysMs.length - 1)];
        await sleep(delayMs, undefined, { signal: stop }).catch(() => {});
      }
    },
  };
}

/** Listens on one connection until it breaks (throws) or `stop` aborts (returns). */
async function listen(
  { url, channels, onNotify }: ListenerOptions,
  stop: AbortSignal,
  onListening: () => void,
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "listener",
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: checkTimeoutMs,
    keepAlive: true,
  });
  const broken = new AbortController();
  client.on("error", (error) => broken.abort(error));
  client.on("end", () => broken.abort(new Error("Connection terminated")));
  client.on("notification", ({ channel, payload = "" }) => onNotify(channel, payload));
  try {
    await client.connect();
    for (const channel of channels) await client.query(`listen ${pg.escapeIdentifier(channel)}`);
    onListening();
    await keepChecking(client, AbortSignal.any([stop, broken.signal]));
    if (!stop.aborted) broken.signal.throwIfAborted();
  } finally {
    await client.end().catch(() => {}); // Nothing is left to lose on it.
  }
}

async function keepChecking(client: pg.Client, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    await sleep(checkMs, undefined, { signal: over }).catch(() => {});
    if (!over.aborted) await client.query("select");
  }
}
