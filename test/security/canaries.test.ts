import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { partitionOf, postgresBus } from "@posthorn/bus";
import { newApiKey } from "@posthorn/rpc";
import { logger } from "@posthorn/runtime";
import {
  eventually,
  type Receiver,
  receiver,
  type TestDatabase,
  testDatabase,
} from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";
import { allRows, holds } from "./all-rows.ts";
import { prepare, type Sent, send } from "./scene.ts";

const ingestTopic = "posthorn.ingest.v1";
const path = "/v1/workspaces/acme";
const canary = (name: string) => `canary-${name}-${randomBytes(12).toString("hex")}`;

/** What must be seen by nobody but who sent it or was given it. */
const secrets = {
  header: canary("header"),
  second: canary("second"),
  refused: canary("refused"),
  inRecord: newApiKey("ph_"),
  inQuery: newApiKey("ph_"),
  unknown: newApiKey("ph_"),
  masterKey: randomBytes(32).toString("base64"),
  // Known once the story has made them.
  adminKey: "",
  operatorKey: "",
  workspaceKey: "",
  signing: "",
  rotated: "",
};

let database: TestDatabase;
let posthorn: Awaited<ReturnType<typeof oneProcess>>;
let target: Receiver;
/** Every answer but the few that give a secret out. */
const answers: string[] = [];

async function ask(method: string, at: string, sent: Sent = {}) {
  const answer = await send(posthorn, method, at, sent);
  answers.push(
    `${method} ${at.split("?")[0]}: ${JSON.stringify([...answer.headers])} ${answer.text}`,
  );
  return answer;
}

/** Asks for a secret, in one member of the answer: the rest of it must not hold one. */
async function askFor(member: "key" | "secret", at: string, body: object): Promise<string> {
  const answer = await send(posthorn, "POST", at, { body });
  expect(answer.status, answer.text).toBe(200);
  const { [member]: secret, ...rest } = answer.body;
  answers.push(`POST ${at}: ${JSON.stringify(rest)}`);
  return secret;
}

beforeAll(async () => {
  database = await testDatabase();
  target = await receiver({ answers: [500, "reset", 200] });
  posthorn = await oneProcess({
    env: {
      DATABASE_URL: database.url,
      POSTHORN_MASTER_KEY: secrets.masterKey,
      POSTHORN_LOG_LEVEL: "trace",
    },
  });
  secrets.adminKey = readFileSync(join(posthorn.dataDir, "admin-key"), "utf8").trim();
  secrets.operatorKey = posthorn.operatorKey;
  await prepare(posthorn);
  await story();
}, 120_000);

afterAll(async () => {
  await posthorn?.stop();
  await target?.close();
  await database?.drop();
});

/** All that happens to a webhook with secrets, good and bad. */
async function story(): Promise<void> {
  const scopes = ["webhooks", "events:publish", "deliveries", "secrets"];
  secrets.workspaceKey = await askFor("key", "/v1/api-keys", { workspace: "acme", scopes });
  const headers = { Authorization: `Bearer ${secrets.header}` };
  const retryPolicy = { delays: ["0.1s", "0.1s"] };
  const name = "a\n\u001b[31mred";
  const body = { url: target.url, headers, retryPolicy, name };
  secrets.signing = await askFor("secret", `${path}/webhooks`, body);
  const [webhook] = (await ask("GET", `${path}/webhooks`)).body.webhooks;
  const at = `${path}/webhooks/${webhook.id}`;
  secrets.rotated = await askFor("secret", `${at}:rotateSecret`, { overlap: "3600s" });
  const added = { Authorization: "***", "X-Second": secrets.second };
  expect((await ask("PATCH", at, { body: { headers: added } })).status).toBe(200);
  const sent = { key: secrets.workspaceKey, body: { type: "order.created", data: {} } };
  expect((await ask("POST", `${path}/events`, sent)).status).toBe(202);
  const requests = await target.next(3);
  expect(requests.at(-1)?.headers).toMatchObject({
    authorization: `Bearer ${secrets.header}`,
    "x-second": secrets.second,
  });
  await mistakes(at);
  await readAll(at);
  await produceKey();
}

/** Requests that are refused, with secrets where they do not belong. */
async function mistakes(at: string): Promise<void> {
  const { refused, inQuery, unknown, signing, workspaceKey } = secrets;
  const wrong: readonly (readonly [status: number, method: string, path: string, sent?: Sent])[] = [
    [400, "PATCH", at, { body: { headers: { "X-A": `${refused}\r\nHost: evil` } } }],
    [400, "PATCH", at, { body: { headers: { "webhook-id": refused } } }],
    [400, "PATCH", at, { body: { headers: refused } }],
    [400, "PATCH", at, { body: { headers: { Authorization: [refused] } } }],
    [400, "PATCH", at, { body: `{"headers":{"Authorization":"${refused}` }],
    [400, "PATCH", at, { body: { secret: signing } }],
    [400, "PATCH", at, { body: { url: `https://user:${refused}@example.com/` } }],
    [401, "GET", `${at}?key=${inQuery}`],
    [401, "GET", `${at}?anything=${inQuery}`],
    [401, "GET", at, { key: unknown }],
    [401, "GET", at, { key: null, headers: { authorization: `Basic ${refused}` } }],
    [403, "POST", "/v1/api-keys", { key: workspaceKey, body: {} }],
    [404, "GET", `${path}/webhooks/wh_01h455vb4pex5vsknk084sn02q`, { key: workspaceKey }],
  ];
  for (const [status, method, where, sent] of wrong) {
    const answer = await ask(method, where, sent);
    expect(answer.status, answer.text).toBe(status);
  }
}

/** Every list and object there is. */
async function readAll(at: string): Promise<void> {
  await ask("POST", `${at}:test`, { body: {} });
  const { deliveries } = (await ask("GET", `${path}/deliveries`)).body;
  for (const { id, event } of deliveries) {
    await ask("GET", `${path}/deliveries/${id}`);
    await ask("GET", `${path}/deliveries/${id}/attempts`);
    await ask("GET", `${path}/events/${event}`);
  }
  for (const list of ["api-keys", "workspaces", "event-types", "provider"]) {
    await ask("GET", `/v1/${list}`);
  }
  for (const list of ["webhooks", "events"]) await ask("GET", `${path}/${list}`);
  await ask("GET", at);
  await ask("GET", "/v1/providers", { key: secrets.adminKey });
}

/** A producer that puts a key into a record's headers. */
async function produceKey(): Promise<void> {
  const bus = await postgresBus({
    url: database.url,
    log: logger({ name: "producer", level: "silent" }),
  });
  const { partitionCount } = await bus.identity(ingestTopic);
  const bearer = Buffer.from(`Bearer ${secrets.inRecord}`);
  const headers = { authorization: bearer, "posthorn-workspace": Buffer.from("acme") };
  const value = Buffer.from('{"type":"order.created","data":{}}');
  const partition = partitionOf("acme", partitionCount);
  await bus.publish(ingestTopic, [{ partition, key: null, value, headers }]);
  await bus.close();
  await eventually(async () => {
    const { body } = await ask("GET", "/v1/dead-letters");
    expect(body.deadLetters).toMatchObject([{ reason: "INVALID" }]);
  });
}

const names = Object.keys(secrets) as (keyof typeof secrets)[];

const secretsIn = (text: string) => names.filter((name) => holds(text, secrets[name]));

it("B67 every secret of the story was made", () => {
  expect(names.filter((name) => secrets[name].length < 20)).toEqual([]);
});

it("B67 no secret is in any answer of the API but the one that gives it out", () => {
  expect(answers.length).toBeGreaterThan(30);
  expect(answers.filter((answer) => secretsIn(answer).length > 0)).toEqual([]);
});

it("B67 B66 no secret is in any line of the log", () => {
  const lines = posthorn.process.output().split("\n");
  expect(lines.filter((line) => line.includes('"level":"debug"')).length).toBeGreaterThan(20);
  expect(lines.filter((line) => secretsIn(line).length > 0)).toEqual([]);
});

it("B67 no secret is in the metrics", async () => {
  const metrics = await (await fetch(`${posthorn.url}/metrics`)).text();
  expect(metrics).toContain("posthorn_");
  expect(secretsIn(metrics)).toEqual([]);
});

it("B67 no secret is in any row of any table, nor in the log of records", async () => {
  const tables = await allRows(database.url, ingestTopic);
  const where = (text: string) =>
    tables.filter((it) => holds(it.text, text)).map(({ table }) => table);
  // What is no secret is found in all these forms.
  expect(where(target.url)).toContain("subscription.webhook");
  expect(where("order.created").some((table) => table.startsWith("bus.segment_"))).toBe(true);
  expect(names.flatMap((name) => where(secrets[name]))).toEqual([]);
});

it("B76 each line of the log is one JSON object, without control characters", () => {
  const [, ...lines] = posthorn.process.output().split(/^(?=\{)/m);
  const texts = lines.map((line) => line.split("\n")[0] ?? "");
  expect(texts.length).toBeGreaterThan(20);
  for (const text of texts) {
    expect(() => JSON.parse(text), text).not.toThrow();
    expect(text).not.toMatch(/\p{Cc}/u);
  }
});
