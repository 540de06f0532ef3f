import { eventually } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Customer, type Hosted, hosted, type ListenOptions } from "../harness/hosted.ts";

/** A system, with an event of it and how a customer makes ready for it. */
interface System {
  readonly name: string;
  /** The paths of other systems' APIs. */
  readonly foreignPaths: readonly string[];
  readonly event: { readonly type: string; readonly data: object };
  /** Gives what events carry besides. */
  ready(one: Customer): Promise<object>;
}

const tracktilePaths = ["/hooks"];
const up42Paths = ["/webhooks/events", "/workspaces/customer/webhooks"];
const foreignPaths = [...tracktilePaths, ...up42Paths];

const systems: readonly System[] = [
  {
    name: "tracktile",
    foreignPaths: up42Paths,
    event: { type: "order.status.changed", data: { orderId: "ord_456" } },
    ready: async () => ({}),
  },
  {
    name: "trackstar",
    foreignPaths,
    event: { type: "order.created", data: { id: "ord_1" } },
    async ready(one) {
      const { id } = await one.ask("POST", "/connections", { integrationName: "shiphero" });
      await one.ask("POST", `/connections/${id}:completeSync`, {});
      return { connection: id };
    },
  },
  {
    name: "trackelio",
    foreignPaths,
    event: {
      type: "nps.submitted",
      data: { id: "nps_1", score: 9, submitted_at: "2026-03-05T08:00:00Z" },
    },
    ready: async () => ({}),
  },
  {
    name: "trackingmore",
    foreignPaths,
    event: {
      type: "tracking.delivered",
      data: {
        id: "trk_1",
        tracking_number: "1",
        courier_code: "dhl",
        delivery_status: "delivered",
      },
    },
    ready: async () => ({}),
  },
  {
    name: "up42",
    foreignPaths: tracktilePaths,
    event: { type: "order.status", data: { status: "FULFILLED" } },
    ready: async () => ({}),
  },
];

let hosting: Hosted;
beforeAll(async () => {
  hosting = await hosted(...systems.map(({ name }) => name));
}, 120_000);
afterAll(() => hosting?.stop());

describe.each(systems)("$name", ({ name, foreignPaths, event, ready }) => {
  /** What each of them asks a new webhook for. */
  const whole = { name: "Mine", eventTypes: [event.type], state: "ACTIVE" };

  async function setup(options: ListenOptions = {}) {
    const one = hosting.customer(name);
    const more = await ready(one);
    const webhook = { ...whole, ...options.webhook };
    const listening = await one.listen({ ...options, webhook });
    const publish = async (): Promise<string> => (await one.publish({ ...event, ...more })).id;
    return { one, publish, ...listening };
  }

  /** Waits until the webhook's deliveries are in these states, newest first. */
  async function statesAre(one: Customer, path: string, states: readonly string[]) {
    await eventually(async () => {
      const { deliveries } = await one.ask("GET", `${path}/deliveries`);
      expect(deliveries.map(({ state }: { state: string }) => state)).toEqual(states);
    });
  }

  it("makes no delivery for a webhook that is off, and says why", async () => {
    const { one, target, path, publish } = await setup({ webhook: { state: "PAUSED" } });
    const id = await publish();
    expect(await one.skippedReason(id)).toBe("WEBHOOK_PAUSED");
    const { webhooks } = await one.ask("GET", `/events/${id}:explain`);
    expect(webhooks).toMatchObject([{ verdict: "WEBHOOK_PAUSED" }]);
    await one.ask("PATCH", path, { state: "ACTIVE" });
    const next = await publish();
    const [request] = await target.next();
    expect(request?.headers["webhook-id"]).toBe(next);
    await statesAre(one, path, ["SUCCEEDED"]);
  });

  it("sends what was skipped when a replay asks for it", async () => {
    const { one, target, webhook, path, publish } = await setup({ webhook: { state: "PAUSED" } });
    const after = webhook.createTime;
    const id = await publish();
    await one.skippedReason(id);
    await one.ask("PATCH", path, { state: "ACTIVE" });
    const before = new Date().toISOString();
    const replay = { webhook: webhook.id, filter: "MISSING", after, before };
    await one.ask("POST", "/replays", replay);
    const [request] = await target.next();
    expect(request?.headers["webhook-id"]).toBe(id);
  });

  it("holds what was pending until the webhook is on again", async () => {
    const { one, target, path, publish } = await setup({
      answers: [500],
      webhook: { retryPolicy: { delays: ["600s"] } },
    });
    await publish();
    await target.next();
    await one.ask("PATCH", path, { state: "PAUSED" });
    await statesAre(one, path, ["HELD"]);
    await one.ask("PATCH", path, { state: "ACTIVE" });
    await statesAre(one, path, ["PENDING"]);
  });

  it("sends a test to a webhook that is off", async () => {
    const { one, target, path } = await setup({ webhook: { state: "PAUSED" } });
    const report = await one.ask("POST", `${path}:test`, { eventTypes: [event.type] });
    expect(report).toMatchObject({ testsRun: 1, testsSucceeded: 1, testsFailed: 0 });
    await target.next();
  });

  it("is on again, when Posthorn had disabled it, by being switched on", async () => {
    const { one, target, path, publish } = await setup({
      answers: [410, 200],
      webhook: { retryPolicy: { delays: ["0s"] } },
    });
    await publish();
    await eventually(async () => {
      expect(await one.ask("GET", path)).toMatchObject({ state: "DISABLED" });
    });
    await one.ask("PATCH", path, { state: "ACTIVE" });
    await target.next(2); // What was held goes on.
    await publish();
    await target.next();
  });

  it("asks for the fields of its file, and refuses a webhook that lacks a required one", async () => {
    const key = hosting.operatorKey(name);
    const { body } = await hosting.posthorn.call("GET", "/v1/provider", undefined, { key });
    const fields: readonly { field: string; label: string; required?: boolean }[] =
      body.webhookFields;
    expect(fields.every(({ label }) => label !== "")).toBe(true);
    const draft = { ...whole, url: "https://example.com/" };
    const one = hosting.customer(name);
    const required = fields.filter((each) => each.required === true);
    expect(required.map(({ field }) => field)).toContain("url");
    for (const { field } of required) {
      const answer = await one.call("POST", "/webhooks", { ...draft, [field]: undefined });
      expect(answer.status, field).toBe(400);
      expect(answer.text).toContain(`webhook.${field}`);
    }
    await one.ask("POST", "/webhooks", draft);
  });

  it("refuses a type that its catalog lacks, and data that breaks a schema, naming the field", async () => {
    const one = hosting.customer(name);
    const more = await ready(one);
    const [member = ""] = Object.keys(event.data);
    const wrong = [
      ["event.type", { ...event, type: "no.such.type" }],
      ["event.data", { ...event, data: { ...event.data, [member]: 7 } }],
    ] as const;
    for (const [field, body] of wrong) {
      const answer = await one.call("POST", "/events", { ...body, ...more });
      expect(answer.status, answer.text).toBe(400);
      expect(answer.body.details[1].fieldViolations).toMatchObject([{ field }]);
    }
  });

  it("finds no routes of another system's API by its own keys", async () => {
    const { one } = await setup();
    const keys = [one.key, await one.mintKey("webhooks", "webhooks:read", "secrets")];
    for (const path of foreignPaths) {
      for (const key of keys) {
        const answer = await hosting.posthorn.call("GET", path, undefined, { key });
        expect(answer.status, path).toBe(404);
      }
    }
  });

  it("is applied again without a change", async () => {
    const { status, text, body } = await hosting.apply(hosting.file(name));
    expect(status, text).toBe(200);
    expect(body.changes ?? []).toEqual([]);
    expect(body.operatorKey ?? "").toBe("");
  });
});
