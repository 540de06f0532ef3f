import { join } from "node:path";
import { startEmbedded } from "@posthorn/postgres";
import type { Logger, Part } from "@posthorn/runtime";
import { checkDatabase } from "./reachable.ts";
import { Refusal } from "./refusal.ts";

/** The database of this process. */
export interface OpenDatabase {
  /** Holds the password. */
  readonly url: string;
  /** Where the files of a Postgres of our own are; undefined for a server of the user's. */
  readonly dir: string | undefined;
  /** Fails when our own Postgres ends by itself. */
  readonly parts: readonly Part[];
  /** Sends our own Postgres the signal to stop at once, and returns when it is gone. */
  stop(): Promise<void>;
}

/** Uses the server that the URL names. Throws Refusal when it cannot be used. */
export async function givenDatabase(url: string): Promise<OpenDatabase> {
  await checkDatabase(url);
  return { url, dir: undefined, parts: [], stop: async () => {} };
}

/** Starts a Postgres of our own. Throws Refusal, with Postgres' own words, when it does not start. */
export async function embeddedDatabase(dataDir: string, log: Logger): Promise<OpenDatabase> {
  const path = join(dataDir, "postgres");
  const { url, dir, exited, stop } = await startEmbedded({ dataDir: path, log }).catch((cause) => {
    throw new Refusal(refusalOf(cause, dataDir), { cause });
  });
  return { url, dir, parts: [watch(exited)], stop };
}

function watch(exited: Promise<void>): Part {
  return {
    name: "postgres",
    async run(stop, ready) {
      ready();
      const stopped = new Promise<void>((resolve) => {
        stop.addEventListener("abort", () => resolve(), { once: true });
      });
      await Promise.race([stopped, exited.catch(refuse)]);
    },
  };
}

function refuse(cause: unknown): never {
  throw new Refusal(`Posthorn has lost its database: ${messageOf(cause)}.`, { cause });
}

function refusalOf(error: unknown, dataDir: string): string {
  const problem = messageOf(error);
  if (!problem.startsWith("another Posthorn")) {
    return `The database in ${dataDir} does not start: ${problem}.`;
  }
  return `${problem}: stop that one, or set POSTHORN_DATA_DIR, POSTHORN_PORT and POSTHORN_GRPC_PORT to run a second.`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
