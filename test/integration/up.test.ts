import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { canRunKafkaBroker, eventually, kafkaBroker, testDatabase } from "@posthorn/testkit";
import { describe, expect, test } from "vitest";
import { client } from "../harness/posthorn.ts";
import { upFolder } from "../harness/up-folder.ts";

const told = "Ctrl-C stops";
const verified = /verified +the signature/;
const webhookOf = (output: string) => /wh_[0-9a-z]{26}/.exec(output)?.[0];
const urlOf = (output: string) => /http:\/\/[\d.]+:\d+/.exec(output)?.[0] ?? "";
const newMasterKey = () => randomBytes(32).toString("base64");

/** Whole output, one line, and no stack: `^` and `$` stand for the ends of the text. */
const onlyLine = (pattern: string) => new RegExp(`^${pattern}\\n$`);

/** The command lines of the Postgres processes on a data folder. */
async function postgresesOf(dataDir: string): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
  return (await Promise.all(lines)).filter((line) => line.includes(`${dataDir}/postgres/data`));
}

test("shows a newcomer one event, end to end, and leaves nothing behind on Ctrl-C", async () => {
  await using data = upFolder();
  const up = data.start();
  await up.says(told);
  expect(up.output()).toMatch(/registered +wh_/);
  expect(up.output()).toMatch(/received +[\d.]+ ms/);
  expect(up.output()).toMatch(verified);
  expect(up.output()).toContain(`KEY=$(cat ${data.path}/operator-key)`);
  expect((await fetch(`${urlOf(up.output())}/readyz`)).status).toBe(200);
  const names = ["admin-key", "operator-key", "master-key", "demo-webhook"];
  const modes = names.map(async (name) => (await stat(join(data.path, name))).mode & 0o777);
  expect(await Promise.all(modes)).toEqual(names.map(() => 0o600));
  expect(await up.end("SIGINT")).toBe(0);
  expect(up.output()).toContain("Stopped.");
  expect(await postgresesOf(data.path)).toEqual([]);
});

test("finds its data again, and does not register the demo's webhook twice", async () => {
  await using data = upFolder();
  const first = data.start();
  await first.says(told);
  await first.end();
  const second = data.start();
  await second.says(told);
  expect(second.output()).toMatch(verified);
  expect(webhookOf(second.output())).toBe(webhookOf(first.output()));
  const operatorKey = (await readFile(join(data.path, "operator-key"), "utf8")).trim();
  const { call } = client({ url: urlOf(second.output()), operatorKey });
  const { body } = await call("GET", "/v1/workspaces/acme/webhooks");
  expect(body.webhooks).toMatchObject([{ name: "Demo receiver" }]);
});

test("starts again after kill -9, beside which Postgres had gone on", async () => {
  await using data = upFolder();
  const first = data.start();
  await first.says(told);
  await first.end("SIGKILL");
  expect(await postgresesOf(data.path)).not.toEqual([]);
  const second = data.start();
  await second.says(told);
  expect(second.output()).toMatch(verified);
  expect(await second.end()).toBe(0);
  expect(await postgresesOf(data.path)).toEqual([]);
});

test("brings the demo when an earlier start was without it", async () => {
  await using data = upFolder();
  const without = data.start({ args: ["--no-demo"] });
  await without.says("Posthorn is ready");
  expect((await readdir(data.path)).sort()).toEqual(["admin-key", "master-key", "postgres"]);
  await without.end();
  const up = data.start();
  await up.says(told);
  expect(up.output()).toMatch(verified);
});

test("gives the demo's webhook a new secret when the old one was lost", async () => {
  await using data = upFolder();
  const first = data.start();
  await first.says(told);
  await first.end();
  await writeFile(join(data.path, "demo-webhook"), "");
  const second = data.start();
  await second.says(told);
  expect(second.output()).toMatch(verified);
});

test("runs on a server of the user's, and only with its master key", async () => {
  await using data = upFolder();
  const database = await testDatabase();
  const env = { DATABASE_URL: database.url, POSTHORN_MASTER_KEY: newMasterKey() };
  const up = data.start({ env });
  await up.says(told);
  expect(up.output()).toMatch(verified);
  const files = (await readdir(data.path)).sort();
  expect(files).toEqual(["admin-key", "demo-webhook", "operator-key"]);
  await up.end();
  const other = data.start({ env: { ...env, POSTHORN_MASTER_KEY: newMasterKey() } });
  expect(await other.ended()).toBe(1);
  expect(other.output()).toMatch(
    onlyLine("The secrets in the database were sealed with another .*"),
  );
  await database.drop();
});

describe.runIf(canRunKafkaBroker())("with Kafka", () => {
  test("keeps the log there, and refuses to go on without it", async () => {
    await using data = upFolder();
    const kafka = await kafkaBroker();
    const env = { KAFKA_BROKERS: kafka.brokers.join(",") };
    const up = data.start({ env });
    await up.says(told);
    expect(up.output()).toMatch(verified);
    await up.end();
    await kafka.close();
    const without = data.start();
    expect(await without.ended()).toBe(1);
    const refusal = "Posthorn cannot run: the offsets .* belong to .* log .* start once more .*";
    expect(without.output()).toMatch(onlyLine(refusal));
  });
});

test("does not start anew on a database whose master key was lost", async () => {
  await using data = upFolder();
  const first = data.start();
  await first.says(told);
  await first.end();
  await rm(join(data.path, "master-key"));
  const second = data.start();
  expect(await second.ended()).toBe(1);
  expect(second.output()).toMatch(onlyLine(`${data.path}/master-key is missing, .* start anew.`));
  expect(await readdir(data.path)).not.toContain("master-key");
});

test("names the port and the setting when a port is busy", async () => {
  await using data = upFolder();
  const busy = createServer().listen(0, "127.0.0.1");
  await once(busy, "listening");
  const { port } = busy.address() as { port: number };
  const up = data.start({ env: { POSTHORN_PORT: `${port}` } });
  expect(await up.ended()).toBe(1);
  expect(up.output()).toMatch(onlyLine(`127.0.0.1:${port} .* set POSTHORN_PORT .*`));
  busy.close();
});

test("refuses a second copy on the same data, which the first one serves on", async () => {
  await using data = upFolder();
  const first = data.start({ args: ["--no-demo"] });
  await first.says("Posthorn is ready");
  const second = data.start();
  expect(await second.ended()).toBe(1);
  expect(second.output()).toMatch(onlyLine(`Another Posthorn is running .*pid ${first.pid}.*`));
  expect((await fetch(`${urlOf(first.output())}/readyz`)).status).toBe(200);
});

test("says that the database's files are damaged", async () => {
  await using data = upFolder();
  const first = data.start({ args: ["--no-demo"] });
  await first.says("Posthorn is ready");
  await first.end();
  await writeFile(join(data.path, "postgres/data/global/pg_control"), Buffer.alloc(8_192, 7));
  const second = data.start();
  expect(await second.ended()).toBe(1);
  expect(second.output()).toMatch(onlyLine("The database in .* does not start: .* start anew\\."));
});

test("ends at once on a second Ctrl-C, and takes Postgres along", async () => {
  await using data = upFolder();
  const up = data.start({ args: ["--no-demo"] });
  await up.says("Posthorn is ready");
  // A request whose body does not come holds up the stop.
  const key = (await readFile(join(data.path, "admin-key"), "utf8")).trim();
  const head = [
    ...["POST /v1/providers:apply HTTP/1.1", "host: x", `authorization: Bearer ${key}`],
    ...["content-type: application/yaml", "content-length: 9", "expect: 100-continue", "", "{"],
  ];
  const socket = connect(Number(new URL(urlOf(up.output())).port), "127.0.0.1");
  socket.on("error", () => {});
  socket.write(head.join("\r\n"));
  await once(socket, "data");
  process.kill(up.pid, "SIGINT");
  await up.says("Stopping");
  await eventually(() => expect(up.isRunning() && process.kill(up.pid, "SIGINT")).toBe(false));
  socket.destroy();
  expect(await up.ended()).not.toBe(0);
  await eventually(async () => expect(await postgresesOf(data.path)).toEqual([]));
});

test.each([
  [
    "an unreachable server",
    { DATABASE_URL: "postgres://u@127.0.0.1:1/x" },
    "DATABASE_URL: .*refused.",
  ],
  ["unreachable brokers", { KAFKA_BROKERS: "127.0.0.1:1" }, "KAFKA_BROKERS: no broker .*refused."],
  ["a folder that cannot be made", { POSTHORN_DATA_DIR: "/proc/posthorn" }, "/proc/posthorn: .*"],
  ["a file in the folder's way", { POSTHORN_DATA_DIR: "/etc/passwd/x" }, "/etc/passwd/x: .*"],
])("tells of %s in one line", async (_, env, line) => {
  await using data = upFolder();
  const up = data.start({ env: { POSTHORN_MASTER_KEY: newMasterKey(), ...env } });
  expect(await up.ended()).toBe(1);
  expect(up.output()).toMatch(onlyLine(line));
});
