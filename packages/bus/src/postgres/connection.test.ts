import { type TestDatabase, testDatabase } from "@posthorn/testkit";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { log } from "../../test/address.ts";
import { isTransient } from "../transient.ts";
import { inTransaction, openPool } from "./connection.ts";

// An error that nobody listens to ends a process, and here the run.
describe("a transaction whose connection Postgres ends", () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let admin: pg.Pool;
  beforeAll(async () => {
    database = await testDatabase();
    pool = openPool({ url: database.url, log, name: "test", connectionCountMax: 1 });
    admin = openPool({ url: database.url, log, name: "admin", connectionCountMax: 1 });
  });
  afterAll(async () => {
    await Promise.all([pool.end(), admin.end()]);
    await database.drop();
  });

  test("between two statements fails as passing, and the process lives", async () => {
    const failing = inTransaction(pool, async (client) => {
      const ended = new Promise((resolve) => client.once("end", resolve));
      await terminate(client);
      await ended;
      await client.query("select");
    });
    expect(isTransient(await failing.catch((error: unknown) => error))).toBe(true);
    expect((await pool.query("select")).rowCount).toBe(1);
  });

  test("during a statement fails as passing, and the process lives", async () => {
    const failing = inTransaction(pool, async (client) => {
      const ended = new Promise((resolve) => client.once("end", resolve));
      const pid = await pidOf(client);
      const waiting = client.query("select pg_sleep(60)");
      await Promise.all([waiting.finally(() => ended), end(pid)]);
    });
    expect(isTransient(await failing.catch((error: unknown) => error))).toBe(true);
    expect((await pool.query("select")).rowCount).toBe(1);
  });

  async function terminate(client: pg.PoolClient): Promise<void> {
    await end(await pidOf(client));
  }

  async function end(pid: number): Promise<void> {
    await admin.query("select pg_terminate_backend($1)", [pid]);
  }
});

async function pidOf(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid ?? 0;
}
