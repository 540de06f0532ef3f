import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { fromConnectError } from "@posthorn/errors";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { newApiKey } from "@posthorn/rpc";
import { eventually } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";
import { fill, goodBody, isOwn, isText, type Route, readRoutes } from "./routes.ts";
import { expectRefused, freeType, prepare, send } from "./scene.ts";
import { belongings, makeKey, scopes, type Tenant, tenant } from "./tenants.ts";

let posthorn: Awaited<ReturnType<typeof oneProcess>>;
let adminKey: string;
/** Of another provider, whose unknown event types are taken. */
let otherOperator: string;
let routes: Route[];
/** Those of other systems' APIs. */
let others: Route[];
let mine: Tenant;
let theirs: Tenant;

beforeAll(async () => {
  posthorn = await oneProcess();
  await prepare(posthorn);
  adminKey = readFileSync(join(posthorn.dataDir, "admin-key"), "utf8").trim();
  const applied = await send(posthorn, "POST", "/v1/providers:apply", {
    body: { name: "other", unknownEventTypes: "CREATE" },
    key: adminKey,
  });
  expect(applied.status, applied.text).toBe(200);
  otherOperator = applied.body.operatorKey;
  const all = await readRoutes(posthorn);
  routes = all.filter(isOwn);
  others = all.filter((route) => !isOwn(route));
  mine = await tenant(posthorn, "acme");
  theirs = await tenant(posthorn, "globex");
}, 120_000);

afterAll(() => posthorn?.stop());

/** Answers a route as a key gets them; `ids` fill its path. */
function ask(route: Route, ids: Readonly<Record<string, string>>, key: string, query = "") {
  const path = `${fill(route.path, ids)}${query}`;
  return send(posthorn, route.method, path, { key, body: goodBody(route) });
}

/** Lists what was answered otherwise than expected. */
async function surprises(
  asked: readonly Route[],
  expected: number | ((route: Route) => number),
  answer: (route: Route) => ReturnType<typeof ask>,
): Promise<string[]> {
  const found: string[] = [];
  for (const route of asked) {
    const { status, text } = await answer(route);
    const wanted = typeof expected === "number" ? expected : expected(route);
    if (status !== wanted) found.push(`${route.method} ${route.path}: ${status} ${text}`);
  }
  return found;
}

const ofWorkspace = () => routes.filter(({ path }) => path.includes("{workspace}"));
const isForOperators = ({ needs }: Route) => !needs.includes("workspace key");
/** A filter by another name: what nobody has is an empty list. */
const isFilter = ({ path }: Route) => path.endsWith("/webhooks/{webhook}/deliveries");

describe("another tenant's", () => {
  it("workspace is not found on any route, by id or alias", async () => {
    const before = await belongings(posthorn, theirs);
    const expected = (route: Route) => (isForOperators(route) ? 403 : 404);
    for (const workspace of [theirs.id, theirs.alias]) {
      const ids = { ...theirs.ids, workspace };
      const answer = (route: Route) => ask(route, ids, mine.key);
      expect(await surprises(ofWorkspace(), expected, answer)).toEqual([]);
    }
    expect(await belongings(posthorn, theirs)).toEqual(before);
  });

  it("objects are not found on any route of one's own workspace", async () => {
    const before = await belongings(posthorn, theirs);
    const named = ofWorkspace().filter(({ path }) => path.split("{").length > 2);
    expect(named.length).toBeGreaterThan(8);
    const ids = { ...theirs.ids, workspace: mine.id };
    const expected = (route: Route) => (isFilter(route) ? 200 : 404);
    const answer = (route: Route) => ask(route, ids, mine.key);
    expect(await surprises(named, expected, answer)).toEqual([]);
    for (const filter of ["webhook", "event"] as const) {
      const path = `/v1/workspaces/${mine.id}/deliveries?${filter}=${theirs.ids[filter]}`;
      const { body } = await send(posthorn, "GET", path, { key: mine.key });
      expect(body).toEqual({ deliveries: [], nextPageToken: "" });
    }
    expect(await belongings(posthorn, theirs)).toEqual(before);
  });

  it("objects are not found in the words in which nobody's are", async () => {
    const word = (text: string, id: string) => text.replaceAll(id, "ID");
    for (const name of ["webhook", "event", "delivery"] as const) {
      const path = `/v1/workspaces/${mine.id}/${name === "delivery" ? "deliverie" : name}s`;
      const [last] = theirs.ids[name].slice(-1);
      const nobodys = `${theirs.ids[name].slice(0, -1)}${last === "0" ? "1" : "0"}`;
      const [known, unknown] = [
        await send(posthorn, "GET", `${path}/${theirs.ids[name]}`, { key: mine.key }),
        await send(posthorn, "GET", `${path}/${nobodys}`, { key: mine.key }),
      ];
      expect(word(known.text, theirs.ids[name])).toBe(word(unknown.text, nobodys));
    }
  });

  it("workspaces and objects are not found by another provider's operator", async () => {
    const before = await belongings(posthorn, theirs);
    const answer = (route: Route) => ask(route, theirs.ids, otherOperator);
    expect(await surprises(ofWorkspace(), 404, answer)).toEqual([]);
    const keys = await send(posthorn, "GET", "/v1/api-keys?pageSize=250");
    for (const { id } of keys.body.apiKeys) {
      const path = `/v1/api-keys/${id}`;
      expect((await send(posthorn, "DELETE", path, { key: otherOperator })).status).toBe(404);
    }
    expect(await belongings(posthorn, theirs)).toEqual(before);
  });

  it("B57 workspace cannot be named in a header or a parameter", async () => {
    const path = `/v1/workspaces/${mine.id}`;
    const headers = { "posthorn-workspace": theirs.id, "x-workspace-id": theirs.id };
    const own = await send(posthorn, "GET", path, { key: mine.key, headers });
    expect(own.body).toMatchObject({ id: mine.id });
    const asked = await send(posthorn, "GET", `${path}/events?workspace=${theirs.id}`);
    expectRefused(asked, { status: 400, reason: "INVALID", field: "workspace" });
  });
});

describe("a key", () => {
  it.each(scopes)("B59 of the scope %s opens what it names, and nothing else", async (scope) => {
    const { key } = await makeKey(posthorn, "acme", [scope]);
    const opens = ({ needs }: Route) =>
      needs.includes(`scope \`${scope}\``) ||
      needs.includes(`scope \`${scope}:read\``) ||
      needs.includes("Needs an operator key or a workspace key.");
    const answer = (route: Route) => ask(route, { workspace: mine.id }, key);
    const closed = routes.filter((route) => !opens(route));
    expect(await surprises(closed, 403, answer)).toEqual([]);
    const open = routes.filter((route) => opens(route) && !route.path.endsWith(":watch"));
    for (const route of open)
      expect([401, 403], route.path).not.toContain((await answer(route)).status);
  });

  it("of an operator opens nothing that is for the admin, nor the admin's the rest", async () => {
    const isAdmins = ({ needs }: Route) => needs.includes("admin key");
    const asOperator = (route: Route) => ask(route, {}, posthorn.operatorKey);
    expect(await surprises(routes.filter(isAdmins), 403, asOperator)).toEqual([]);
    const rest = routes.filter((route) => !isAdmins(route));
    expect(await surprises(rest, 403, (route) => ask(route, mine.ids, adminKey))).toEqual([]);
  });

  it("B60 that is revoked is refused by every service within 5 s", async () => {
    const { id, key } = await makeKey(posthorn, "acme", scopes);
    const path = `/v1/workspaces/${mine.id}`;
    const event = { type: freeType, data: {} };
    const statuses = () =>
      Promise.all([
        send(posthorn, "GET", `${path}/webhooks`, { key }),
        send(posthorn, "POST", `${path}/events`, { key, body: event }),
        send(posthorn, "GET", `${path}/events`, { key }),
      ]).then((answers) => answers.map(({ status }) => status));
    expect(await statuses()).toEqual([200, 202, 200]);
    expect((await send(posthorn, "DELETE", `/v1/api-keys/${id}`)).status).toBe(200);
    await eventually(async () => expect(await statuses()).toEqual([401, 401, 401]), {
      timeoutMs: 5_500,
    });
  });

  it.each([
    ["none", undefined],
    ["another scheme", "Basic dXNlcjpwYXNz"],
    ["an empty one", "Bearer "],
    ["two", "Bearer a b"],
    ["one with a wrong checksum", `Bearer ${newApiKey("ph_").slice(0, -1)}!`],
    ["one that is unknown", `Bearer ${newApiKey("ph_")}`],
    ["a service's", "Bearer service"],
  ])("is needed on every route: %s is refused with 401", async (_, authorization) => {
    const answer = (route: Route) =>
      send(posthorn, route.method, fill(route.path, mine.ids), {
        body: goodBody(route),
        key: null,
        headers: authorization === undefined ? {} : { authorization },
      });
    expect(await surprises([...routes, ...others], 401, answer)).toEqual([]);
  });

  it("finds no path of another system's API, unless its provider has opened that", async () => {
    expect(others.length).toBeGreaterThan(10);
    for (const key of [mine.key, posthorn.operatorKey, otherOperator, adminKey]) {
      expect(await surprises(others, 404, (route) => ask(route, mine.ids, key))).toEqual([]);
    }
  });
});

describe("a text with U+0000", () => {
  const invalid = { status: 400, reason: "INVALID" };

  it("is refused in every parameter of every route", async () => {
    for (const route of routes) {
      const key = route.needs.includes("admin key") ? adminKey : posthorn.operatorKey;
      for (const parameter of route.parameters.filter(({ schema }) => isText(schema))) {
        const { name } = parameter;
        const answer =
          parameter.in === "path"
            ? await ask(route, { ...mine.ids, [name]: "a%00" }, key)
            : await ask(route, mine.ids, key, `?${name}=a%00`);
        const said = { route: `${route.method} ${route.path} ${name}`, status: answer.status };
        expect(said).toEqual({ ...said, status: 400 });
        expectRefused(answer, invalid);
        expect(answer.text, said.route).toContain("BadRequest");
      }
    }
  });

  it("is refused in every text of every body", async () => {
    const texts = routes.flatMap((route) => route.bodyTexts.map((name) => ({ route, name })));
    expect(texts.length).toBeGreaterThan(15);
    for (const { route, name } of texts) {
      const body = { ...(goodBody(route) as object), [name]: "a\u0000" };
      const path = fill(route.path, { ...mine.ids, name: freeType });
      const answer = await send(posthorn, route.method, path, { body });
      expect(answer.status, `${route.method} ${route.path} ${name}: ${answer.text}`).toBe(400);
      expect(answer.text).toContain(name);
    }
  });
});

it("B36 takes an unknown type where the provider switched that on", async () => {
  const body = { type: "never.seen", data: {} };
  const published = await send(posthorn, "POST", "/v1/workspaces/acme/events", {
    body,
    key: otherOperator,
  });
  expect(published.status, published.text).toBe(202);
  const type = await send(posthorn, "GET", "/v1/event-types/never.seen", { key: otherOperator });
  expect(type.status).toBe(200);
  expect((await send(posthorn, "GET", "/v1/event-types/never.seen")).status).toBe(404);
});

it("B70 10,000 wrong keys from one address end in 429, whatever B71 X-Forwarded-For says", async () => {
  const path = `/v1/workspaces/${mine.id}/webhooks`;
  const counts = new Map<number, number>();
  let index = 0;
  const attack = async () => {
    for (; index < 10_000; index += 1) {
      const headers = { "x-forwarded-for": `203.0.113.${index % 250}` };
      const { status } = await send(posthorn, "GET", path, { key: newApiKey("ph_"), headers });
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 32 }, attack));
  expect([...counts.keys()].sort()).toEqual([401, 429]);
  expect(counts.get(429)).toBeGreaterThan(8_000);
  const refused = await send(posthorn, "GET", path, { key: newApiKey("ph_") });
  expectRefused(refused, { status: 429, reason: "LIMITED" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  const byGrpc = createClient(
    WebhookService,
    createGrpcTransport({ baseUrl: posthorn.grpcUrl }),
  ).listWebhooks(
    { workspace: mine.id },
    { headers: { authorization: `Bearer ${newApiKey("ph_")}` } },
  );
  expect(await byGrpc.catch(fromConnectError)).toMatchObject({ reason: "limited" });
  // Whoever shares the address goes on, with a key that worked here before.
  expect((await send(posthorn, "GET", path, { key: mine.key })).status).toBe(200);
}, 60_000);
