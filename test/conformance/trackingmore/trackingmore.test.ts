import { readFileSync } from "node:fs";
import { eventually, type ReceivedRequest, receiver } from "@posthorn/testkit";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Hosted, hosted, type ListenOptions } from "../harness/hosted.ts";
import { readConformance } from "../harness/passages.ts";

const page = readConformance("trackingmore/page.txt");
const statusesOfPage = (/all statuses including (.*) or specific statuses/.exec(page)?.[1] ?? "")
  .split(", ")
  .map((label) => ({ label, name: `tracking.${label.replaceAll(" ", "_")}` }));
const namesOfPage = statusesOfPage.map(({ name }) => name);

let hosting: Hosted;
beforeAll(async () => {
  hosting = await hosted("trackingmore");
}, 120_000);
afterAll(() => hosting?.stop());

const messageOf = (request: ReceivedRequest | undefined) => JSON.parse(String(request?.body));
/** The event's type, whichever version the body has. */
const typeOf = (request: ReceivedRequest | undefined) => {
  const { type, event } = messageOf(request);
  return type ?? event;
};

/** An update of a parcel with that status. */
const update = (name: string, more: object = {}) => ({
  type: name,
  data: {
    id: "trk_1",
    tracking_number: "00340434161094021501",
    courier_code: "dhl",
    delivery_status: name.replace("tracking.", ""),
    ...more,
  },
});

/** A customer with one webhook. */
async function setup(options: ListenOptions = {}) {
  const one = hosting.customer("trackingmore");
  return { one, ...(await one.listen(options)) };
}

const draft = (index: number) => ({
  url: `https://shop.example.com/hooks/${index}`,
  description: `Shop ${index}`,
});

describe("How does webhook work?", () => {
  it("pushes an update to the URL that the user defined", async () => {
    const { one, target } = await setup();
    await one.publish(update("tracking.in_transit"));
    expect(await target.next()).toMatchObject([{ method: "POST", path: "/hook" }]);
  });

  it("pushes every update, also one of a status that was there before", async () => {
    const { one, target } = await setup({ webhook: { eventTypes: ["tracking.in_transit"] } });
    const cities = ["Leipzig", "Paris", "Paris"];
    for (const city of cities) await one.publish(update("tracking.in_transit", { title: city }));
    const titles = (await target.next(3)).map((request) => messageOf(request).tracking.title);
    expect(titles.sort()).toEqual(cities);
  });

  it("sends payloads in JSON, with the latest status and checkpoints", async () => {
    const { one, target } = await setup({ webhook: { version: "v1" } });
    const checkpoints = [
      { time: "2026-03-03T02:14:00Z", status: "in_transit", detail: "Departed" },
    ];
    const sent = update("tracking.in_transit", { latest_event: "Departed", checkpoints });
    await one.publish(sent);
    const [request] = await target.next();
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "TrackingMore-Webhooks/1.0",
    });
    expect(messageOf(request).data).toEqual(sent.data);
  });

  it("refuses a webhook without URL, naming the field", async () => {
    const one = hosting.customer("trackingmore");
    const answer = await one.call("POST", "/webhooks", { description: "Shop" });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("webhook.url");
    expect((await one.call("GET", "/webhooks")).status).toBe(404); // No workspace was made for it.
  });
});

describe("Setup webhook", () => {
  it("takes up to four URLs, each with a description", async () => {
    const one = hosting.customer("trackingmore");
    for (const index of [1, 2, 3, 4]) {
      expect(await one.ask("POST", "/webhooks", draft(index))).toMatchObject(draft(index));
    }
    const { webhooks } = await one.ask("GET", "/webhooks");
    expect(webhooks).toMatchObject([4, 3, 2, 1].map(draft));
  });

  it("refuses the fifth webhook, with the limit in the message", async () => {
    const one = hosting.customer("trackingmore");
    for (const index of [1, 2, 3, 4]) await one.ask("POST", "/webhooks", draft(index));
    const fifth = await one.call("POST", "/webhooks", draft(5));
    expect(fifth.status).toBe(400);
    expect(fifth.body.details).toMatchObject([{ reason: "PRECONDITION" }]);
    expect(fifth.body.message).toMatch(/\b4\b/);
    expect((await one.ask("GET", "/webhooks")).webhooks).toHaveLength(4);
  });

  it("counts disabled webhooks towards the four, and deleted ones not", async () => {
    const one = hosting.customer("trackingmore");
    const made = [];
    for (const index of [1, 2, 3, 4]) made.push(await one.ask("POST", "/webhooks", draft(index)));
    await one.ask("PATCH", `/webhooks/${made[0].id}`, { state: "PAUSED" });
    expect((await one.call("POST", "/webhooks", draft(5))).status).toBe(400);
    await one.ask("DELETE", `/webhooks/${made[1].id}`);
    await one.ask("POST", "/webhooks", draft(5));
    expect((await one.call("POST", "/webhooks", draft(6))).status).toBe(400);
  });

  it("leaves four of ten webhooks that are created at once", async () => {
    const one = hosting.customer("trackingmore");
    const drafts = Array.from({ length: 10 }, (_, index) => draft(index));
    const answers = await Promise.all(drafts.map((each) => one.call("POST", "/webhooks", each)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(4).fill(200), ...Array(6).fill(400)]);
    expect((await one.ask("GET", "/webhooks")).webhooks).toHaveLength(4);
  });

  it("offers the eight statuses by the page's words, under Statuses", async () => {
    const key = hosting.operatorKey("trackingmore");
    const types = await hosting.posthorn.call("GET", "/v1/event-types", undefined, { key });
    const offered = types.body.eventTypes.map(
      ({ name, label }: { name: string; label: string }) => ({
        name,
        label,
      }),
    );
    const byName = (a: { name: string }, b: { name: string }) => a.name.localeCompare(b.name);
    expect(offered.sort(byName)).toEqual(statusesOfPage.toSorted(byName));
    expect(offered).toHaveLength(8);
    const { body } = await hosting.posthorn.call("GET", "/v1/provider", undefined, { key });
    expect(body.webhookFields).toMatchObject([
      { field: "url", label: "Webhook URL", required: true },
      { field: "description", label: "Description" },
      { field: "eventTypes", label: "Statuses" },
      { field: "version", label: "Version" },
    ]);
  });

  it("delivers every status to a webhook for all statuses", async () => {
    const { one, target } = await setup({ webhook: { eventTypes: [] } });
    for (const name of namesOfPage) await one.publish(update(name));
    const types = (await target.next(8)).map(typeOf);
    expect(types.sort()).toEqual(namesOfPage.toSorted());
  });

  it("delivers specific statuses, and no other", async () => {
    const eventTypes = ["tracking.delivered", "tracking.exception"];
    const { one, target } = await setup({ webhook: { eventTypes } });
    for (const name of namesOfPage) await one.publish(update(name));
    const types = (await target.next(2)).map(typeOf);
    expect(types.sort()).toEqual(eventTypes);
    expect(target.requests).toHaveLength(2);
  });
});

describe("Update webhook/endpoint", () => {
  it("updates URL, description, version and statuses, for all that happens from then on", async () => {
    const { one, target, path } = await setup({ webhook: { version: "v1" } });
    const next = await receiver();
    const changes = {
      url: next.url,
      description: "The new shop",
      version: "v2",
      eventTypes: ["tracking.delivered"],
    };
    expect(await one.ask("PATCH", path, changes)).toMatchObject(changes);
    await one.publish(update("tracking.in_transit"));
    await one.publish(update("tracking.delivered"));
    const [request] = await next.next();
    expect(messageOf(request)).toMatchObject({ version: "v2", event: "tracking.delivered" });
    expect([target.requests.length, next.requests.length]).toEqual([0, 1]);
    expect(await one.ask("GET", path)).toMatchObject(changes);
  });

  it("refuses a version and a status that there are not, and changes nothing", async () => {
    const { one, webhook, path } = await setup();
    const changes = [
      ["version", { description: "x", version: "v3" }],
      ["eventTypes", { description: "x", eventTypes: ["tracking.lost"] }],
    ] as const;
    for (const [field, change] of changes) {
      const answer = await one.call("PATCH", path, change);
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain(`webhook.${field}`);
    }
    const { secret: _, ...saved } = webhook;
    expect(await one.ask("GET", path)).toMatchObject(saved);
  });

  it("keeps the version of a delivery through retries, while later events have the new one", async () => {
    const { one, target, path } = await setup({
      answers: [500, 200],
      webhook: { version: "v1", retryPolicy: { delays: ["1s"] } },
    });
    const { id } = await one.publish(update("tracking.in_transit"));
    await target.next();
    await one.ask("PATCH", path, { version: "v2" });
    await one.publish(update("tracking.delivered"));
    const rest = await target.next(2);
    const bodies = target.requests.map(({ body }) => String(body));
    expect(rest.map(typeOf).sort()).toEqual(["tracking.delivered", "tracking.in_transit"]);
    expect(bodies.filter((body) => body === bodies[0])).toHaveLength(2);
    expect(bodies.map((body) => "version" in JSON.parse(body)).filter(Boolean)).toHaveLength(1);
    const { deliveries } = await one.ask("GET", `${path}/deliveries?event=${id}`);
    expect(deliveries).toMatchObject([{ version: "v1" }]);
  });
});

describe("Test endpoint", () => {
  it("tests an endpoint, in its version, and reports the answer", async () => {
    const eventTypes = ["tracking.delivered"];
    const { one, target, path } = await setup({
      answers: [{ status: 200, body: "thanks" }, 500],
      webhook: { eventTypes, version: "v1" },
    });
    const report = await one.ask("POST", `${path}:test`, {});
    expect(report).toMatchObject({
      testsRun: 1,
      testsSucceeded: 1,
      testsFailed: 0,
      tests: [{ eventType: "tracking.delivered", attempt: { responseBody: "thanks" } }],
    });
    expect(messageOf((await target.next())[0])).toMatchObject({ type: "tracking.delivered" });
    await one.ask("PATCH", path, { version: "v2" });
    expect(await one.ask("POST", `${path}:test`, {})).toMatchObject({ testsFailed: 1 });
    expect(messageOf((await target.next())[0])).toMatchObject({ version: "v2" });
  });
});

describe("Disable or delete webhook", () => {
  it("sends nothing to a disabled endpoint until it is enabled", async () => {
    const { one, target, path } = await setup();
    await one.ask("PATCH", path, { state: "PAUSED" });
    const { id } = await one.publish(update("tracking.in_transit"));
    expect(await one.skippedReason(id)).toBe("WEBHOOK_PAUSED");
    await one.ask("PATCH", path, { state: "ACTIVE" });
    await one.publish(update("tracking.delivered"));
    expect(typeOf((await target.next())[0])).toBe("tracking.delivered");
    expect(target.requests).toHaveLength(1);
  });

  it("deletes an endpoint, to which nothing is sent any more", async () => {
    const { one, target, path } = await setup();
    const other = await one.listen();
    await one.ask("DELETE", path);
    expect((await one.call("GET", path)).status).toBe(404);
    await one.publish(update("tracking.in_transit"));
    await other.target.next();
    expect(target.requests).toHaveLength(0);
  });
});

describe("More sections", () => {
  it("signs by Standard Webhooks, which its package verifies", async () => {
    const { one, target, webhook } = await setup();
    await one.publish(update("tracking.in_transit"));
    const [request] = await target.next();
    const [body, headers] = [String(request?.body), { ...request?.headers }];
    const standard = new StandardWebhook(webhook.secret);
    expect(standard.verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => standard.verify(`${body} `, headers)).toThrow();
  });

  it("tries again what failed, by Posthorn's schedule or the endpoint's own", async () => {
    const { one, path } = await setup({ answers: [503] });
    const own = { answers: [503, 200], webhook: { retryPolicy: { delays: ["0s"] } } };
    const other = await one.listen(own);
    await one.publish(update("tracking.in_transit"));
    await other.target.next(2);
    const failed = await eventually(async () => {
      const { deliveries } = await one.ask("GET", `${path}/deliveries`);
      expect(deliveries).toMatchObject([{ state: "PENDING", attemptCount: 1, failureCount: 1 }]);
      return deliveries[0];
    });
    const { startTime, duration } = failed.lastAttempt;
    const endedAtMs = Date.parse(startTime) + Number.parseFloat(duration) * 1_000;
    const waitMs = Date.parse(failed.nextAttemptTime) - endedAtMs;
    expect(waitMs).toBeGreaterThan(4_990);
    expect(waitMs).toBeLessThan(6_000);
  });

  it("renders v1 and a v2 that differs, each as its page says", async () => {
    const { one, target: first } = await setup({ webhook: { version: "v1" } });
    const { target: second } = await one.listen();
    const data =
      '{"id": "trk_1", "tracking_number": "0034", "courier_code": "dhl", "delivery_status": "delivered", "title": "\\u00e9"}';
    const time = "2026-03-06T09:05:00.120Z";
    const event = `{"type":"tracking.delivered","time":"${time}","data":${data}}`;
    const { id } = await one.publish(event);
    const [old] = await first.next();
    const [newest] = await second.next();
    expect(String(old?.body)).toBe(
      `{"type":"tracking.delivered","timestamp":"${time}","data":${data}}`,
    );
    expect(String(newest?.body)).toBe(
      `{"version":"v2","event_id":"${id}","event":"tracking.delivered","created_at":"${time}","tracking":${data}}`,
    );
  });

  it("tells the addresses that deliveries come from", async () => {
    const { status, body } = await hosting.posthorn.call("GET", "/v1/outgoing-ips");
    expect(status).toBe(200);
    expect(body).toEqual({ ips: ["192.0.2.10", "2001:db8::10"] });
  });

  it("documents the four titles that the page only links to", () => {
    const docs = new URL("../../../docs/providers/trackingmore.md", import.meta.url);
    const headings = readFileSync(docs, "utf8").match(/^## .*$/gm) ?? [];
    const titles = page.slice(page.indexOf("more sections below:")).split("\n").slice(1, 5);
    expect(titles).toHaveLength(4);
    for (const title of titles) expect(headings).toContain(`## ${title}`);
  });
});
