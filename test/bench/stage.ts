import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeEmbedded, startEmbedded } from "@posthorn/postgres";
import { logger } from "@posthorn/runtime";
import pg from "pg";
import { loopbackAllowed, oneProcess, type Posthorn } from "../harness/posthorn.ts";
import { cpuSeconds, residentBytes } from "./cpu.ts";

/** What a run has used up by now. */
export interface Usage {
  /** CPU seconds of Posthorn's process. */
  readonly nodeS: number;
  /** CPU seconds of Postgres, all of its processes. */
  readonly postgresS: number;
  /** Bytes that Postgres has written to its log. */
  readonly walBytes: number;
  /** Bytes of the database's files. */
  readonly databaseBytes: number;
}

/** A Posthorn to measure, its Postgres beside it with the settings of the embedded one. */
export interface Stage {
  readonly posthorn: Posthorn;
  readonly db: pg.Client;
  readonly origin: string;
  usage(): Promise<Usage>;
  residentBytes(): number;
  /** Makes a webhook to a path of the receiver; gives its id. */
  addWebhook(workspace: string, path: string, fields?: object): Promise<string>;
  close(): Promise<void>;
}

/** Starts a Postgres with an empty database, with the settings of the embedded one. */
export async function emptyPostgres() {
  const log = logger({ name: "bench", level: "silent" });
  const dataDir = join(mkdtempSync(join(tmpdir(), "posthorn-bench-")), "postgres");
  const { url, dir, stop } = await startEmbedded({ dataDir, log });
  const [pid] = readFileSync(join(dir, "data", "postmaster.pid"), "utf8").split("\n");
  return {
    url,
    pid: Number(pid),
    async remove() {
      await stop();
      await removeEmbedded({ dataDir, log });
    },
  };
}

/** Starts Posthorn on an empty database. `origin` is the receiver's. */
export async function stage(origin: string, env: Record<string, string> = {}): Promise<Stage> {
  const postgres = await emptyPostgres();
  const posthorn = await oneProcess({
    env: {
      ...loopbackAllowed,
      POSTHORN_LOG_LEVEL: "warn",
      DATABASE_URL: postgres.url,
      POSTHORN_MASTER_KEY: randomBytes(32).toString("base64"),
      ...env,
    },
  });
  const db = new pg.Client({ connectionString: postgres.url });
  await db.connect();
  const { pid } = posthorn.process;
  return {
    posthorn,
    db,
    origin,
    async usage() {
      const { rows } = await db.query(`select pg_current_wal_lsn() - '0/0' as wal,
        pg_database_size(current_database()) as size`);
      return {
        nodeS: cpuSeconds(pid),
        postgresS: cpuSeconds(postgres.pid),
        walBytes: Number(rows[0].wal),
        databaseBytes: Number(rows[0].size),
      };
    },
    residentBytes: () => residentBytes(pid),
    async addWebhook(workspace, path, fields = {}) {
      const webhook = { url: `${origin}${path}`, ...fields };
      const answer = await posthorn.call("POST", `/v1/workspaces/${workspace}/webhooks`, webhook);
      if (answer.status !== 200) throw new Error(`webhook refused: ${answer.text}`);
      return answer.body.id;
    },
    async close() {
      await db.end();
      await posthorn.stop();
      await postgres.remove();
    },
  };
}
