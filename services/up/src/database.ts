import { once } from "node:events";
import { join } from "node:path";
import { startEmbedded } from "@posthorn/postgres";
import type { Logger, Part } from "@posthorn/runtime";
import { postgresWords } from "./postgres-words.ts";
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
  // Until it runs, all that it has to say is in what is thrown.
  const quiet = log.child({}, { level: "error" });
  try {
    const { url, dir, exited, stop } = await startEmbedded({ dataDir: path, log: quiet });
    quiet.level = log.level;
    return { url, dir, parts: [watch(exited)], stop };
  } catch (cause) {
    throw new Refusal(refusalOf(messageOf(cause), dataDir), { cause });
  }
}

/** Fails when Postgres ends by itself. */
function watch(exited: Promise<void>): Part {
  return {
    name: "postgres",
    async run(stop, ready) {
      ready();
      await Promise.race([once(stop, "abort"), exited.catch(refuse)]);
    },
  };
}

function refuse(cause: unknown): never {
  throw new Refusal(`Posthorn has lost its database: ${postgresWords(messageOf(cause))}.`, {
    cause,
  });
}

function refusalOf(problem: string, dataDir: string): string {
  if (problem.startsWith("another Posthorn")) {
    const settings = "POSTHORN_DATA_DIR, POSTHORN_PORT and POSTHORN_GRPC_PORT";
    return `A${problem.slice(1)}: stop that one, or set ${settings} to run a second.`;
  }
  const dir = /^postgres did not start on (.+?): /.exec(problem)?.[1] ?? dataDir;
  return (
    `The database in ${dir} does not start: ${postgresWords(problem)}. If its files are damaged, ` +
    `put a backup back, or remove ${foldersOf(dataDir, dir)} to start anew.`
  );
}

/** Names the folders that hold everything: as root, the database may lie in one of its own. */
export function foldersOf(dataDir: string, databaseDir: string | undefined): string {
  const isOutside = databaseDir !== undefined && !databaseDir.startsWith(dataDir);
  return isOutside ? `${dataDir} and ${databaseDir}` : dataDir;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
