import { randomBytes } from "node:crypto";
import pg from "pg";
import { askRun } from "./context.ts";
import { eventually } from "./eventually.ts";

/** A database of one test file. */
export interface TestDatabase {
  readonly url: string;
  /** Removes it; connections still open are cut. */
  drop(): Promise<void>;
}

/** How it is filled. */
export interface TestDatabaseOptions {
  /** Runs the migrations on the database at `url`, and closes its connections. */
  migrate?(url: string): Promise<void>;
  /**
   * The name of what `migrate` makes, `[a-z0-9_]+`. It is then done once in the run, and every
   * further database is a copy, which takes 50 ms.
   */
  readonly template?: string;
}

/** Makes an empty, or a migrated, database on the Postgres of the run. */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { migrate, template } = options;
  const name = `test_${randomBytes(8).toString("hex")}`;
  if (migrate !== undefined && template !== undefined) {
    await copyDatabase(await ensureTemplate(template, migrate), name);
  } else {
    await execute(`create database ${name}`);
    await migrate?.(await urlOf(name));
  }
  return {
    url: await urlOf(name),
    drop: () => execute(`drop database if exists ${name} with (force)`),
  };
}

/** Makes the template under a lock of its name; half made, it has another name. */
async function ensureTemplate(
  template: string,
  migrate: (url: string) => Promise<void>,
): Promise<string> {
  const name = `template_${template}`;
  const half = `${name}_half`;
  await withClient(async (client) => {
    await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
    const found = await client.query("select from pg_database where datname = $1", [name]);
    if (found.rowCount !== 0) return;
    await client.query(`drop database if exists ${half} with (force)`);
    await client.query(`create database ${half}`);
    await migrate(await urlOf(half));
    await whenUnused(() => client.query(`alter database ${half} rename to ${name}`));
  });
  return name;
}

function copyDatabase(template: string, name: string): Promise<void> {
  return whenUnused(() => execute(`create database ${name} template ${template}`));
}

/** A connection that was just closed still counts for a moment; any other failure is final. */
async function whenUnused(run: () => Promise<unknown>): Promise<void> {
  const failure = await eventually(async () => {
    try {
      await run();
    } catch (error) {
      // object_in_use
      if (error instanceof pg.DatabaseError && error.code === "55006") throw error;
      return { error };
    }
    return undefined;
  });
  if (failure !== undefined) throw failure.error;
}

function execute(statement: string): Promise<void> {
  return withClient(async (client) => {
    await client.query(statement);
  });
}

async function withClient<T>(run: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: await serverUrl() });
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

async function urlOf(database: string): Promise<string> {
  const url = new URL(await serverUrl());
  url.pathname = `/${database}`;
  return url.href;
}

async function serverUrl(): Promise<string> {
  // As runPostgres gives it in the global setup.
  return (await askRun("postgres")) as string;
}
