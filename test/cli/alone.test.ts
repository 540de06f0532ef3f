import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Webhook } from "standardwebhooks";
import { expect, it, onTestFinished, test } from "vitest";
import { cli } from "../harness/cli.ts";

function setup(env: Readonly<Record<string, string>> = {}) {
  const posthorn = cli(env);
  onTestFinished(() => posthorn[Symbol.dispose]());
  return posthorn;
}

test("npx posthorn runs it from any folder of the repository", () => {
  const cwd = new URL("..", import.meta.url);
  const args = ["--no-install", "posthorn", "--version"];
  expect(execFileSync("npx", args, { cwd, encoding: "utf8" })).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** The files of a delivery, signed as Standard Webhooks has it. */
function delivered(age = 0) {
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const posthorn = setup({ POSTHORN_WEBHOOK_SECRET: secret });
  const body = '{"type": "order.created", "data": {"n": 1.0}}';
  const at = new Date(Date.now() - age * 1_000);
  const signature = new Webhook(secret).sign("evt_1", at, body);
  const lines = [
    "HTTP/1.1 200 OK",
    "Webhook-Id: evt_1",
    `webhook-timestamp: ${Math.floor(at.getTime() / 1_000)}`,
    `webhook-signature: ${signature}`,
  ];
  writeFileSync(join(posthorn.folder, "headers.txt"), lines.join("\r\n"));
  writeFileSync(join(posthorn.folder, "body.json"), body);
  const args = ["verify", "--headers-file", "headers.txt"];
  return { posthorn, args, body, at };
}

it("verifies a delivery, from files and from standard input", async () => {
  const { posthorn, args, body } = delivered();
  const fromFile = await posthorn([...args, "--body", "body.json"]);
  expect(fromFile).toMatchObject({ exitCode: 0, stdout: "✓ The signature is good.\n" });
  const piped = await posthorn([...args, "--json"], { stdin: body });
  expect(piped).toMatchObject({ exitCode: 0, json: { ok: true, faults: [] } });
});

it("says what keeps a delivery from being verified", async () => {
  const { posthorn, args, body } = delivered();
  const rewritten = await posthorn([...args, "--json"], {
    stdin: JSON.stringify(JSON.parse(body), null, 1),
  });
  expect(rewritten).toMatchObject({
    exitCode: 1,
    json: { faults: [{ reason: "body_reserialized" }] },
  });
  const other = `whsec_${Buffer.alloc(32, 8).toString("base64")}`;
  const wrong = await posthorn(args, { stdin: body, env: { POSTHORN_WEBHOOK_SECRET: other } });
  expect(wrong).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining("by another secret"),
  });
  const unsigned = await posthorn(["verify", "-H", "webhook-id: evt_1", "--json"], { stdin: body });
  expect(unsigned.json.faults[0].reason).toBe("header_missing");
});

it("says that a delivery is too old, unless it is told when it came", async () => {
  const { posthorn, args, body, at } = delivered(3_600);
  const old = await posthorn([...args, "--json"], { stdin: body });
  expect(old).toMatchObject({ exitCode: 1, json: { faults: [{ reason: "timestamp_too_old" }] } });
  const then = await posthorn([...args, "--at", at.toISOString()], { stdin: body });
  expect(then.exitCode).toBe(0);
});

it("brings the tables up to date, runs all of Posthorn, and stops it by Ctrl-C", async () => {
  const posthorn = setup({
    POSTHORN_PORT: "0",
    POSTHORN_GRPC_PORT: "0",
    POSTHORN_DATA_DIR: "data",
  });
  // The database's own user passes through, when root runs the tests.
  chmodSync(posthorn.folder, 0o755);
  mkdirSync(join(posthorn.folder, "data"), { mode: 0o755 });
  const migrated = await posthorn(["migrate"]);
  expect(migrated).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("The tables are up to date."),
  });
  const up = posthorn.start(["up", "--no-demo"]);
  await up.says("Posthorn is ready");
  expect(await up.stop()).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("Stopped."),
  });
  const wrong = await posthorn(["up", "--no-dmeo"]);
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--no-demo") });
}, 60_000);
