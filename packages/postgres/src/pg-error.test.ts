import { AppError } from "@posthorn/errors";
import { freePort, type TestDatabase, testDatabase } from "@posthorn/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isLockTimeout, isUnavailable, isUniqueViolation } from "./pg-error.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
  await failureOf(
    `create table thing (
      id int constraint thing_pkey primary key,
      name text constraint thing_name_key unique,
      other int references thing
    );
    insert into thing values (1, 'one')`,
  );
});
afterAll(() => database.drop());

async function failureOf(statement: string, url = database.url): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.query(statement).then(
      () => undefined,
      (error: unknown) => error,
    );
  } catch (error) {
    return error;
  } finally {
    await client.end();
  }
}

describe("isLockTimeout", () => {
  test("knows a statement that waited for a lock in vain from one that failed", async () => {
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    await holder.query("begin; lock table thing");
    const waited = await failureOf("set lock_timeout = 10; lock table thing");
    await holder.end();
    expect(isLockTimeout(waited)).toBe(true);
    expect(isLockTimeout(await failureOf("insert into thing values (1, 'two')"))).toBe(false);
  });
});

describe("isUniqueViolation", () => {
  test("knows the constraint by name", async () => {
    const error = await failureOf("insert into thing values (2, 'one')");
    expect(isUniqueViolation(error)).toBe(true);
    expect(isUniqueViolation(error, "thing_name_key")).toBe(true);
    expect(isUniqueViolation(error, "thing_pkey")).toBe(false);
  });

  test("is no other violation", async () => {
    const error = await failureOf("insert into thing values (2, 'two', 3)");
    expect(error).toBeInstanceOf(pg.DatabaseError);
    expect(isUniqueViolation(error)).toBe(false);
    expect(isUniqueViolation(new Error("duplicate key"))).toBe(false);
    expect(isUniqueViolation(undefined)).toBe(false);
  });
});

describe("isUnavailable", () => {
  test("when nobody listens", async () => {
    const url = `postgres://a:b@127.0.0.1:${await freePort()}/c`;
    expect(isUnavailable(await failureOf("select 1", url))).toBe(true);
  });

  test("when no socket is there", async () => {
    const url = "postgres://a:b@%2Fnonexistent/c";
    expect(isUnavailable(await failureOf("select 1", url))).toBe(true);
  });

  test("when the server ends the connection within a statement", async () => {
    const error = await failureOf("select pg_terminate_backend(pg_backend_pid())");
    expect(isUnavailable(error)).toBe(true);
  });

  test("when there are too many connections", async () => {
    const limited = await testDatabase();
    const url = new URL(limited.url);
    await failureOf(
      `create role limited login password 'x' connection limit 0`, // superusers have no limit
      limited.url,
    );
    url.username = "limited";
    url.password = "x";
    const error = await failureOf("select 1", url.href);
    expect(error).toMatchObject({ code: "53300" });
    expect(isUnavailable(error)).toBe(true);
    await failureOf("drop role limited", limited.url);
    await limited.drop();
  });

  test("through its causes, but not through a refusal", async () => {
    const cause = await failureOf("select pg_terminate_backend(pg_backend_pid())");
    expect(isUnavailable(new Error("record attempt", { cause }))).toBe(true);
    expect(isUnavailable(new AppError("exists", "taken", { cause }))).toBe(false);
  });

  test.each([
    ["Connection terminated unexpectedly", true],
    ["Connection terminated", true],
    ["timeout exceeded when trying to connect", true],
    ["Client has encountered a connection error and is not queryable", true],
    ["Cannot use a pool after calling end on the pool", false],
    ["Query read timeout", false],
  ])("the driver's own: %s", (message, unavailable) => {
    expect(isUnavailable(new Error(message))).toBe(unavailable);
  });

  test.each([
    "selec 1",
    "select 1/0",
    "select * from nothing",
    "set statement_timeout = 1; select pg_sleep(9)",
  ])("not after %s", async (statement) => {
    const error = await failureOf(statement);
    expect(error).toBeInstanceOf(pg.DatabaseError);
    expect(isUnavailable(error)).toBe(false);
  });

  test("not a wrong password, not a missing file, not a cause that names itself", async () => {
    const url = new URL(database.url);
    url.password = "wrong";
    expect(isUnavailable(await failureOf("select 1", url.href))).toBe(false);
    expect(isUnavailable(Object.assign(new Error("x"), { code: "ENOENT" }))).toBe(false);
    const circular = new Error("circular");
    circular.cause = circular;
    expect(isUnavailable(circular)).toBe(false);
  });
});
