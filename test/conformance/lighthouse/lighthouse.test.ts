import { createHmac } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Hosted, hosted } from "../harness/hosted.ts";

const root = new URL("../../../", import.meta.url);
const fileText = readFileSync(new URL("examples/provider/lighthouse.yaml", root), "utf8");
const systems = ["lighthouse", "tracktile", "trackstar", "trackelio", "trackingmore", "up42"];
const arrived = { type: "ship.arrived", data: { ship: "9074729", berth: "B4", draught: 8.2 } };

let hosting: Hosted;
let operatorKey: string;
beforeAll(async () => {
  hosting = await hosted("trackelio");
  const { status, text, body } = await hosting.apply(fileText);
  expect(status, text).toBe(200);
  operatorKey = body.operatorKey;
}, 120_000);
afterAll(() => hosting?.stop());

/** A provider that has about everything that a file can say. */
const weather = {
  name: "weather",
  signatures: [{ scheme: "HMAC", header: "X-Weather" }],
  secrets: { readable: true, custom: true, optional: true, rotation: "AT_ONCE" },
  eventTypeSelection: "EXACTLY_ONE",
  webhooksStartPaused: true,
  connections: { required: true, firstSyncEventTypes: ["station.*"] },
  envelopes: [
    { version: "a", fields: [{ name: "now", source: "DATA" }] },
    {
      version: "b",
      fields: [
        { name: "source", source: "TEXT", text: "weather" },
        { name: "v", source: "VERSION" },
        { name: "station", source: "INTEGRATION_NAME" },
        { name: "from", source: "CONNECTION_ID" },
        { name: "was", source: "PREVIOUS_ATTRIBUTES" },
        { name: "now", source: "DATA" },
        { name: "id", source: "EVENT_ID" },
      ],
    },
  ],
  eventTypes: [
    { name: "reading.changed", hasPrevious: true, filter: "event.data.celsius > 30" },
    { name: "station.lost" },
  ],
};

const customer = () => hosting.customer("trackelio", { key: operatorKey });

/** The file under another name, so that each test has a provider of its own. */
function renamed(name: string, change: (file: Record<string, unknown>) => void = () => {}) {
  const file = { ...parse(fileText), name };
  change(file);
  return file;
}

describe("A sixth provider", () => {
  it("is named by no code, nor is any other system but by the routes of its own API", () => {
    const paths = globSync("{packages,services}/*/src/**/*.ts", { cwd: root.pathname });
    const ours = paths.filter(
      (path) =>
        !/\.test\.ts$|\/testing\/|\/test-[a-z-]+\.ts$/.test(path) &&
        !path.startsWith("packages/proto/src/gen/") &&
        !path.startsWith("services/compat/"),
    );
    const code = ours.map((path) => [
      path,
      withoutComments(readFileSync(new URL(path, root), "utf8")),
    ]);
    const named = code.filter(([, text = ""]) =>
      systems.some((system) => text.toLowerCase().includes(system)),
    );
    expect(ours.length).toBeGreaterThan(300);
    expect(named.map(([path]) => path).sort()).toEqual([
      "packages/cli/src/commands/providers.ts", // Its help shows a file as an example.
      "services/gateway/src/openapi-examples.ts", // Examples of the routes of compat.
      "services/gateway/src/public-services.ts", // The list of those routes.
    ]);
  });

  it("has the body, signature, key, limit and secrets that its file says, and nothing of another's", async () => {
    const one = customer();
    const secret = "keeper-of-the-light";
    const { target } = await one.listen({ webhook: { eventTypes: ["ship.*"], secret } });
    const data = '{"ship": "9074729", "berth": "B4", "draught": 8.20}';
    const time = "2026-03-06T09:05:00Z";
    const { id } = await one.publish(`{"type":"ship.arrived","time":"${time}","data":${data}}`);
    const [request] = await target.next();
    const body = `{"specversion":"1","id":"${id}","event":"ship.arrived","occurred_at":"${time}",${data.slice(1)}`;
    expect(String(request?.body)).toBe(body);
    const digest = createHmac("sha256", secret).update(body).digest("base64");
    expect(request?.headers).toMatchObject({
      "x-lighthouse-signature": `sha256=${digest}`,
      "user-agent": "Lighthouse-Webhooks/1.0",
    });
    expect(request?.headers).not.toHaveProperty("x-trackelio-signature");
    expect(operatorKey).toMatch(/^lh_/);
    expect(await one.mintKey("webhooks")).toMatch(/^lh_/);
    const drafts = Array.from({ length: 10 }, () => ({ url: "https://example.com/" }));
    const answers = [];
    for (const draft of drafts) answers.push((await one.call("POST", "/webhooks", draft)).status);
    expect(answers).toEqual([...Array(9).fill(200), 400]);
    const unknown = await one.call("POST", "/events", { type: "nps.submitted", data: {} });
    expect(unknown.status).toBe(400);
  });

  it("takes every policy of the others together, under names of its own", async () => {
    const { body: applied } = await hosting.apply(weather);
    const key = applied.operatorKey;
    const one = hosting.customer("trackelio", { key });
    const refused = await one.call("POST", "/webhooks", { url: "https://example.com/" });
    expect(refused.text).toContain("webhook.eventTypes");
    const draft = { eventTypes: ["reading.changed"] };
    const { target, webhook, path } = await one.listen({ webhook: draft });
    expect(webhook).toMatchObject({ state: "PAUSED", version: "b", hasSecret: false });
    await one.ask("PATCH", path, { state: "ACTIVE" });
    const { id: connection } = await one.ask("POST", "/connections", { integrationName: "roof" });
    const reading = (celsius: number, before: number) => ({
      type: "reading.changed",
      connection,
      data: { celsius },
      previousData: { celsius: before },
    });
    const first = await one.publish(reading(31, 30));
    expect(await one.skippedReason(first.id)).toBe("FIRST_SYNC");
    await one.ask("POST", `/connections/${connection}:completeSync`, {});
    const cold = await one.publish(reading(12, 11));
    expect(await one.skippedReason(cold.id)).toBe("TYPE_FILTERED");
    const hot = await one.publish(reading(35, 34));
    const [unsigned] = await target.next();
    expect(String(unsigned?.body)).toBe(
      `{"source":"weather","v":"b","station":"roof","from":"${connection}","was":{"celsius":34},"now":{"celsius":35},"id":"${hot.id}"}`,
    );
    expect(unsigned?.headers).not.toHaveProperty("x-weather");
    await one.ask("PATCH", path, { secret: "rain-or-shine", version: "a" });
    expect(await one.ask("GET", `${path}/secret`)).toEqual({ secret: "rain-or-shine" });
    await one.publish(reading(36, 35));
    const [signed] = await target.next();
    expect(String(signed?.body)).toBe('{"now":{"celsius":36}}');
    const digest = createHmac("sha256", "rain-or-shine")
      .update(signed?.body ?? "")
      .digest("hex");
    expect(signed?.headers).toMatchObject({ "x-weather": digest });
  });

  it("refuses data that clashes with the members of the body, naming the member", async () => {
    const one = customer();
    const clashes = [
      [{ ...arrived.data, id: "x" }, "id"],
      [{ ...arrived.data, occurred_at: 1 }, "occurred_at"],
    ] as const;
    for (const [data, member] of clashes) {
      const answer = await one.call("POST", "/events", { ...arrived, data });
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain("event.data");
      expect(answer.text).toContain(member);
    }
  });

  describe.each([
    ["an unknown key", "colour", { colour: "red" }],
    ["a number for a text", "displayName", { displayName: 7 }],
    ["an unknown scheme", "signatures[0].scheme", { signatures: [{ scheme: "MD5" }] }],
    [
      "two members of one name",
      "envelopes[0].fields[1].name",
      {
        envelopes: [
          {
            version: "1",
            fields: [
              { name: "id", source: "EVENT_ID" },
              { name: "id", source: "EVENT_TYPE" },
            ],
          },
        ],
      },
    ],
    [
      "a schema that its example breaks",
      "eventTypes[0].example",
      {
        eventTypes: [
          { name: "a.b", schema: { type: "object", required: ["id"] }, example: { key: 1 } },
        ],
      },
    ],
    [
      "an example that clashes with the body",
      "eventTypes[0].example",
      { eventTypes: [{ name: "a.b", example: { id: 1 } }] },
    ],
    [
      "a rotation with an overlap that its signature has no room for",
      "secrets.rotation",
      { secrets: { rotation: "OVERLAP" } },
    ],
  ])("whose file has %s", (_what, place, wrong) => {
    it("is refused when its file is wrong, naming the place, and nothing of it is there then", async () => {
      const answer = await hosting.apply(renamed("wrong", (file) => Object.assign(file, wrong)));
      expect(answer.status, answer.text).toBe(400);
      expect(JSON.stringify(answer.body.details)).toContain(JSON.stringify(place));
      const [path, key] = ["/v1/providers/wrong", hosting.adminKey];
      expect((await hosting.posthorn.call("GET", path, undefined, { key })).status).toBe(404);
    });
  });

  it("shows what a changed file would change, and writes nothing while it is only checked", async () => {
    await hosting.apply(renamed("diffed"));
    const changed = renamed("diffed", (file) => Object.assign(file, { displayName: "Beacon" }));
    const [checked, applied] = [
      await hosting.apply(changed, "?validateOnly=true"),
      await hosting.apply(changed),
    ];
    for (const { body } of [checked, applied]) {
      expect(body.changes).toEqual(["displayName"]);
      expect(body.diff).toEqual([
        { field: "displayName", before: '"Lighthouse"', after: '"Beacon"' },
      ]);
    }
    expect((await hosting.apply(changed)).body.changes ?? []).toEqual([]);
  });

  it("refuses a file that would break webhooks in use, until it is told to", async () => {
    const { body: applied } = await hosting.apply(renamed("in-use"));
    const one = hosting.customer("trackelio", { key: applied.operatorKey });
    const { target } = await one.listen();
    const changed = renamed("in-use", (file) =>
      Object.assign(file, { signatures: [{ scheme: "STANDARD" }] }),
    );
    const refused = await hosting.apply(changed);
    expect(refused.status, refused.text).toBe(400);
    expect(refused.body.details).toContainEqual(
      expect.objectContaining({ reason: "PRECONDITION" }),
    );
    const signedBy = async () => {
      await one.publish(arrived);
      const [request] = await target.next();
      return Object.keys(request?.headers ?? {}).filter((name) => name.endsWith("-signature"));
    };
    expect(await signedBy()).toEqual(["x-lighthouse-signature"]);
    const told = await hosting.apply(changed, "?allowBreaking=true");
    expect(told.status, told.text).toBe(200);
    expect(told.body.breaking).not.toEqual([]);
    expect(await signedBy()).toEqual(["webhook-signature"]);
  });
});

/** Leaves the code of a file; comments may give examples. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
}
