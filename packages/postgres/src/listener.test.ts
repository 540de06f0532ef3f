import { logger } from "@posthorn/runtime";
import { eventually, freePort, type TestDatabase, testDatabase } from "@posthorn/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listener } from "./listener.ts";
import { openPostgres, type Postgres } from "./open.ts";

let database: TestDatabase;
let postgres: Postgres<unknown>;
beforeAll(async () => {
  database = await testDatabase();
  postgres = openPostgres({ url: database.url, connectionCountMax: 2, applicationName: "test" });
});
afterAll(async () => {
  await postgres.close();
  await database.drop();
});

interface Listening {
  readonly heard: readonly (readonly [string, string])[];
  stop(): Promise<void>;
}

async function listenTo(...channels: readonly string[]): Promise<Listening> {
  const heard: [string, string][] = [];
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const run = listener({
    url: database.url,
    channels,
    onNotify: (channel, payload) => heard.push([channel, payload]),
    log: logger({ name: "test", level: "silent" }),
  }).run(stop.signal, ready.resolve);
  await Promise.race([ready.promise, run]);
  return {
    heard,
    async stop() {
      stop.abort();
      await run;
    },
  };
}

const notify = (channel: string, payload: string) =>
  sql`select pg_notify(${channel}, ${payload})`.execute(postgres.db);

const cutListeners = () =>
  sql`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'listener' and datname = current_database()`.execute(postgres.db);

test("hears what is sent to its channels, and nothing else", async () => {
  const { heard, stop } = await listenTo("one", "Two, quoted");
  await notify("one", "1");
  await notify("three", "3");
  await notify("Two, quoted", "2");
  await eventually(() =>
    expect(heard).toEqual([
      ["one", "1"],
      ["Two, quoted", "2"],
    ]),
  );
  await stop();
});

test("after a lost connection it tells every channel to look, and hears again", async () => {
  const { heard, stop } = await listenTo("one", "two");
  await cutListeners();
  await eventually(() =>
    expect(heard).toEqual([
      ["one", ""],
      ["two", ""],
    ]),
  );
  await notify("two", "again");
  await eventually(() => expect(heard.at(-1)).toEqual(["two", "again"]));
  await stop();
});

test("stopping closes its connection", async () => {
  const { stop } = await listenTo("one");
  await stop();
  await eventually(async () => {
    const open = await sql`select from pg_stat_activity
      where application_name = 'listener' and datname = current_database()`.execute(postgres.db);
    expect(open.rows).toEqual([]);
  });
});

test("waits for a server that is not there, and stops while waiting", async () => {
  const stop = new AbortController();
  const url = `postgres://a:b@127.0.0.1:${await freePort()}/c`;
  const log = logger({ name: "test", level: "silent" });
  const part = listener({ url, channels: ["one"], onNotify() {}, log });
  let isReady = false;
  const run = part.run(stop.signal, () => {
    isReady = true;
  });
  stop.abort();
  await run;
  expect(isReady).toBe(false);
});

test("fails at once on a refusal that waiting does not heal", async () => {
  const url = new URL(database.url);
  url.password = "wrong";
  const log = logger({ name: "test", level: "silent" });
  const part = listener({ url: url.href, channels: ["one"], onNotify() {}, log });
  const run = part.run(new AbortController().signal, () => {});
  await expect(run).rejects.toThrow("password authentication failed");
});
