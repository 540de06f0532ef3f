import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbedded } from "@posthorn/postgres";
import { logger } from "@posthorn/runtime";
import { deathWatch } from "./death-watch.ts";
import type { RunService } from "./run-server.ts";

/** Fast, and worth nothing after a crash. */
const settings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "200",
  wal_level: "minimal",
  max_wal_senders: "0",
};

/** Starts the Postgres of a run in a temporary folder; its answer is its URL. */
export async function runPostgres(): Promise<RunService> {
  const dir = await mkdtemp(join(tmpdir(), "posthorn-test-"));
  // The user that Postgres runs as has to pass through.
  await chmod(dir, 0o755);
  const dataDir = join(dir, "postgres");
  const pidPath = join(dataDir, "data", "postmaster.pid");
  const endWatch = await deathWatch({ pidPath, signal: "QUIT", dir });
  const clear = async () => {
    await endWatch();
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const log = logger({ name: "testkit", level: "error" });
    const postgres = await startEmbedded({ dataDir, log, settings });
    return {
      answer: postgres.url,
      stop: () => postgres.stop().finally(clear),
    };
  } catch (error) {
    await clear();
    throw error;
  }
}
