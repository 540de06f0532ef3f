import { randomBytes } from "node:crypto";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { fromConnectError } from "@posthorn/errors";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { newApiKey } from "@posthorn/rpc";
import {
  type Cuttable,
  cuttable,
  eventually,
  type TestDatabase,
  testDatabase,
} from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readDoc } from "../examples/doc.ts";
import { oneProcess } from "../harness/posthorn.ts";
import { fill, goodBody, isOwn, type Route, readRoutes } from "./routes.ts";
import { expectRefused, prepare, send } from "./scene.ts";
import { type Tenant, tenant } from "./tenants.ts";

let database: TestDatabase;
let way: Cuttable;
let posthorn: Awaited<ReturnType<typeof oneProcess>>;
let routes: Route[];
let mine: Tenant;

beforeAll(async () => {
  database = await testDatabase();
  way = await cuttable(database.url);
  posthorn = await oneProcess({
    env: {
      DATABASE_URL: way.url,
      POSTHORN_MASTER_KEY: randomBytes(32).toString("base64"),
      POSTHORN_LOG_LEVEL: "warn",
    },
  });
  await prepare(posthorn);
  mine = await tenant(posthorn, "acme");
  routes = (await readRoutes(posthorn)).filter(
    (route) =>
      isOwn(route) && route.needs.includes("operator key") && !route.path.endsWith(":watch"),
  );
}, 120_000);

afterAll(async () => {
  await posthorn?.stop();
  await way?.close();
  await database?.drop();
});

/** What docs/operations.md says that a 503 says. */
const [, table = ""] =
  /\| message \| away \|\n([\s\S]*?)\n\n/.exec(readDoc("docs/operations.md")) ?? [];
const documented = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, messages = ""]) =>
  [...messages.matchAll(/`(.*?)`/g)].map(([, message = ""]) => message),
);

const ask = (route: Route) =>
  send(posthorn, route.method, fill(route.path, mine.ids), { body: goodBody(route) });

describe("while the database is away", () => {
  beforeAll(async () => {
    const webhooks = `/v1/workspaces/${mine.id}/webhooks`;
    // Known to ingestion and delivery, which remember keys for a while.
    expect((await send(posthorn, "GET", webhooks)).status).toBe(200);
    expect((await send(posthorn, "GET", `/v1/workspaces/${mine.id}/events`)).status).toBe(200);
    way.cut();
  });

  it("every route answers 503 and says when to try again", async () => {
    expect(routes.length).toBeGreaterThan(25);
    for (const route of routes) {
      const answer = await ask(route);
      const said = `${route.method} ${route.path}: ${answer.text}`;
      expect(answer.status, said).toBe(503);
      expect(answer.text, said).toContain('"reason":"UNAVAILABLE"');
      expect(
        documented.some((message) => answer.text.includes(message)),
        said,
      ).toBe(true);
      expect(answer.text, said).not.toMatch(/127\.0\.0\.1|ECONN|postgres|terminat/i);
    }
  });

  it("is ready still, as no restart would help", async () => {
    expect((await fetch(`${posthorn.url}/readyz`)).status).toBe(200);
  });

  it("gRPC answers UNAVAILABLE", async () => {
    const client = createClient(WebhookService, createGrpcTransport({ baseUrl: posthorn.grpcUrl }));
    const headers = { authorization: `Bearer ${posthorn.operatorKey}` };
    const refused = await client
      .listWebhooks({ workspace: mine.id }, { headers })
      .catch(fromConnectError);
    expect(refused).toMatchObject({ reason: "unavailable", retryAfterMs: 1_000 });
  });

  it("B61 a key with a wrong checksum is refused without the database, one that may be good is not", async () => {
    const path = `/v1/workspaces/${mine.id}/webhooks`;
    const key = newApiKey("ph_");
    const last = key.endsWith("0") ? "1" : "0";
    const refused = await send(posthorn, "GET", path, { key: key.slice(0, -1) + last });
    expectRefused(refused, { status: 401, reason: "UNAUTHENTICATED" });
    expectRefused(await send(posthorn, "GET", path, { key }), {
      status: 503,
      reason: "UNAVAILABLE",
    });
  });
});

it("all is well again once the database is back", async () => {
  way.mend();
  const { event } = mine.ids;
  await eventually(
    async () => {
      for (const path of ["webhooks", "events", "deliveries", `events/${event}`]) {
        const answer = await send(posthorn, "GET", `/v1/workspaces/${mine.id}/${path}`);
        expect(answer.status, answer.text).toBe(200);
      }
    },
    { timeoutMs: 20_000 },
  );
  const again = await tenant(posthorn, "again");
  expect(again.ids.delivery).toMatch(/^dlv_/);
  expect(posthorn.process.isRunning()).toBe(true);
}, 60_000);
