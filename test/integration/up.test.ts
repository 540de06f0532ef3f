import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { eventually, testDatabase } from "@posthorn/testkit";
import { expect, test } from "vitest";
import { folder, type UpProcess } from "../harness/up-process.ts";

const webhookId = /wh_[0-9a-z]{26}/;
const stack = /\n\s+at /;
const newMasterKey = () => randomBytes(32).toString("base64");

/** Processes of Postgres that work in a folder. */
async function postgresesOf(dataDir: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(lines)).filter((line) => line.includes(`${dataDir}/postgres/data`));
}

async function call(up: UpProcess, dataDir: string, path: string): Promise<unknown> {
  const key = (await readFile(join(dataDir, "operator-key"), "utf8")).trim();
  const headers = { authorization: `Bearer ${key}` };
  return await (await fetch(`${up.baseUrl()}${path}`, { headers })).json();
}

test("shows a newcomer one event, end to end, and leaves nothing behind on Ctrl-C", async () => {
  await using data = await folder();
  const up = data.start();
  await up.ready();
  expect(up.stdout()).toMatch(/registered +wh_/);
  expect(up.stdout()).toMatch(/received +[\d.]+ ms/);
  expect(up.stdout()).toMatch(/verified +the signature/);
  expect(up.stdout()).toContain(`KEY=$(cat ${data.path}/operator-key)`);
  expect((await fetch(`${up.baseUrl()}/readyz`)).status).toBe(200);
  for (const name of ["admin-key", "operator-key", "master-key", "demo-webhook"]) {
    expect((await stat(join(data.path, name))).mode & 0o777).toBe(0o600);
  }
  up.kill("SIGINT");
  expect(await up.ended).toBe(0);
  expect(up.stdout()).toContain("Stopped.");
  expect(await postgresesOf(data.path)).toEqual([]);
});

test("finds its data again, and does not register the demo's webhook twice", async () => {
  await using data = await folder();
  const first = data.start();
  await first.ready();
  first.kill("SIGTERM");
  await first.ended;
  const second = data.start();
  await second.ready();
  expect(second.stdout()).toMatch(/verified +the signature/);
  expect(webhookId.exec(second.stdout())?.[0]).toBe(webhookId.exec(first.stdout())?.[0]);
  const list = await call(second, data.path, "/v1/workspaces/acme/webhooks");
  expect(list).toMatchObject({ webhooks: [{ name: "Demo receiver" }] });
});

test("starts again after kill -9, and Postgres is not started twice", async () => {
  await using data = await folder();
  const first = data.start();
  await first.ready();
  first.kill("SIGKILL");
  expect(await first.ended).toBe("SIGKILL");
  const second = data.start();
  await second.ready();
  expect(second.stdout()).toMatch(/verified +the signature/);
  second.kill("SIGTERM");
  expect(await second.ended).toBe(0);
  expect(await postgresesOf(data.path)).toEqual([]);
});

test("a second Ctrl-C ends it at once, and Postgres with it", async () => {
  await using data = await folder();
  const up = data.start({ args: ["--no-demo"] });
  await eventually(() => expect(up.stdout()).toContain("Posthorn is ready"));
  process.kill(up.pid, "SIGSTOP");
  up.kill("SIGINT");
  process.kill(up.pid, "SIGCONT");
  await up.ended;
  await eventually(async () => expect(await postgresesOf(data.path)).toEqual([]));
});

test("brings the demo when an earlier start was without it", async () => {
  await using data = await folder();
  const without = data.start({ args: ["--no-demo"] });
  await eventually(() => expect(without.stdout()).toContain("Posthorn is ready"));
  expect((await readdir(data.path)).sort()).toEqual(["admin-key", "master-key", "postgres"]);
  without.kill("SIGTERM");
  await without.ended;
  const up = data.start();
  await up.ready();
  expect(up.stdout()).toMatch(/verified +the signature/);
});

test("signs the demo's webhook with a new secret when the old one was lost", async () => {
  await using data = await folder();
  const first = data.start();
  await first.ready();
  first.kill("SIGTERM");
  await first.ended;
  await writeFile(join(data.path, "demo-webhook"), "");
  const second = data.start();
  await second.ready();
  expect(second.stdout()).toMatch(/verified +the signature/);
});

test("runs on a server of the user's, with the master key that is given", async () => {
  await using data = await folder();
  const database = await testDatabase();
  const env = { DATABASE_URL: database.url, POSTHORN_MASTER_KEY: newMasterKey() };
  const up = data.start({ env });
  await up.ready();
  expect(up.stdout()).toMatch(/verified +the signature/);
  expect(await readdir(data.path)).not.toContain("postgres");
  expect(await readdir(data.path)).not.toContain("master-key");
  up.kill("SIGTERM");
  await up.ended;
  const other = data.start({ env: { ...env, POSTHORN_MASTER_KEY: newMasterKey() } });
  expect(await other.ended).toBe(1);
  expect(other.stderr()).toMatch(/^The secrets in the database were sealed with another .*\n$/);
  await database.drop();
});

test("names the port and the setting when a port is busy", async () => {
  await using data = await folder();
  const busy = createServer().listen(0, "127.0.0.1");
  await once(busy, "listening");
  const address = busy.address() as { port: number };
  const up = data.start({ env: { POSTHORN_PORT: `${address.port}` } });
  expect(await up.ended).toBe(1);
  expect(up.stderr()).toMatch(new RegExp(`^127.0.0.1:${address.port} .*POSTHORN_PORT.*\n$`));
  busy.close();
});

test("refuses a second copy on the same data, in one line", async () => {
  await using data = await folder();
  const first = data.start({ args: ["--no-demo"] });
  await eventually(() => expect(first.stdout()).toContain("Posthorn is ready"));
  const second = data.start();
  expect(await second.ended).toBe(1);
  expect(second.stderr()).toMatch(
    new RegExp(`^Another Posthorn is running .*pid ${first.pid}.*\n$`),
  );
  expect((await fetch(`${first.baseUrl()}/readyz`)).status).toBe(200);
});

test("says in one line that the database's files are damaged", async () => {
  await using data = await folder();
  const first = data.start({ args: ["--no-demo"] });
  await eventually(() => expect(first.stdout()).toContain("Posthorn is ready"));
  first.kill("SIGTERM");
  await first.ended;
  await writeFile(join(data.path, "postgres/data/global/pg_control"), Buffer.alloc(8192, 7));
  const second = data.start();
  expect(await second.ended).toBe(1);
  expect(second.stderr()).toMatch(/^The database in .* does not start: .* start anew\.\n$/);
});

test.each([
  [
    "an unreachable server",
    { DATABASE_URL: "postgres://u@127.0.0.1:1/x" },
    /^DATABASE_URL: .*refused/,
  ],
  ["unreachable brokers", { KAFKA_BROKERS: "127.0.0.1:1" }, /^KAFKA_BROKERS: no broker answers/],
  ["a folder that cannot be made", { POSTHORN_DATA_DIR: "/proc/posthorn" }, /^\/proc\/posthorn: /],
  ["a file in the folder's way", { POSTHORN_DATA_DIR: "/etc/passwd/x" }, /^\/etc\/passwd\/x: /],
])("tells of %s in one line", async (_, env, line) => {
  await using data = await folder();
  const up = data.start({ env: { POSTHORN_MASTER_KEY: newMasterKey(), ...env } });
  expect(await up.ended).toBe(1);
  expect(up.stderr()).toMatch(line);
  expect(up.stderr().trim().split("\n")).toHaveLength(1);
  expect(up.stdout() + up.stderr()).not.toMatch(stack);
});
