import { createHmac } from "node:crypto";
import { eventually, type ReceivedRequest, type receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compatCustomer } from "../harness/compat.ts";
import { type Hosted, hosted, providerFile } from "../harness/hosted.ts";
import { readConformance } from "../harness/passages.ts";

const sample = JSON.parse(readConformance("up42/create.json"));
/** What follows the members of the sample report is for people. */
const report = JSON.parse(
  readConformance("up42/report.jsonc").replace(
    "[ ... ] // A list of tests and their details",
    "[]",
  ),
);
const type = "order.status";
const fulfilled = { type, data: { orderId: "ord_1", status: "FULFILLED" } };

let hosting: Hosted;
beforeAll(async () => {
  hosting = await hosted("up42");
}, 120_000);
afterAll(() => hosting?.stop());

const jsonOf = (request: ReceivedRequest | undefined) => JSON.parse(String(request?.body));
const signatureOf = (request: ReceivedRequest | undefined) => request?.headers["x-up42-signature"];
const digestOf = (request: ReceivedRequest | undefined, secret: string) =>
  createHmac("sha256", secret)
    .update(request?.body ?? "")
    .digest("hex");

async function customer(options?: Parameters<typeof receiver>[0]) {
  const they = await compatCustomer(hosting, "up42", options);
  return { ...they, path: `/workspaces/${they.one.workspace}/webhooks` };
}

/** A customer with the page's webhook, whose receiver answers as told. */
async function setup(options: { answers?: Parameters<typeof receiver>[0]; webhook?: object } = {}) {
  const they = await customer(options.answers);
  const draft = { ...sample, url: they.target.url, ...options.webhook };
  const { data: webhook } = await they.ask("POST", they.path, draft);
  return { ...they, webhook, own: `${they.path}/${webhook.id}` };
}

type Setup = Awaited<ReturnType<typeof setup>>;

/** Publishes an order's status, and gives the event once it is listed with what became of it. */
async function publish({ one }: Setup, status: string, more = {}) {
  const { id } = await one.publish({ type, data: { orderId: "ord_1", status, ...more } });
  return await eventually(async () => await one.ask("GET", `/events/${id}`));
}

describe("Notifications", () => {
  it("notifies of an order that is FULFILLED or FAILED_PERMANENTLY, and of no other status", async () => {
    const they = await setup();
    const statuses = ["PLACED", "FULFILLED", "BEING_FULFILLED", "FAILED_PERMANENTLY", "fulfilled"];
    for (const status of statuses) await publish(they, status);
    const came = (await they.target.next(2)).map((request) => jsonOf(request).data.status);
    expect(came.sort()).toEqual(["FAILED_PERMANENTLY", "FULFILLED"]);
    expect(they.target.requests).toHaveLength(2);
  });

  it("lists why nobody is notified of another status", async () => {
    const they = await setup();
    const accepted = await they.one.call("POST", "/events", {
      type,
      data: { orderId: "ord_1", status: "PLACED" },
    });
    expect(accepted.status).toBe(202);
    await eventually(async () => {
      const event = await they.one.ask("GET", `/events/${accepted.body.id}`);
      expect(event.skipped).toMatchObject([{ webhook: they.webhook.id, reason: "TYPE_FILTERED" }]);
      expect(event).not.toHaveProperty("deliveries");
    });
  });

  it("narrows what is sent by a webhook's own filter, and never widens it", async () => {
    const they = await setup();
    const filter = "event.data.status != 'FULFILLED'";
    await they.one.ask("PATCH", `/webhooks/${they.webhook.id}`, { filter });
    const [own, others] = [await publish(they, "FULFILLED"), await publish(they, "PLACED")];
    await publish(they, "FAILED_PERMANENTLY");
    expect(jsonOf((await they.target.next())[0]).data.status).toBe("FAILED_PERMANENTLY");
    expect(own.skipped).toMatchObject([{ reason: "FILTERED" }]);
    expect(others.skipped).toMatchObject([{ reason: "TYPE_FILTERED" }]);
    expect(they.target.requests).toHaveLength(1);
  });

  it("sends type, timestamp and data, byte for byte", async () => {
    const { one, target } = await setup();
    const time = "2026-03-02T09:30:00.250Z";
    const data = `{"orderId": "\\u00e9", "area": 1.50, "status": "FULFILLED"}`;
    await one.publish(`{"type": "${type}", "time": "${time}", "data": ${data}}`);
    const [request] = await target.next();
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "UP42-Webhooks/1.0",
    });
    const body = `{"type":"${type}","timestamp":"${time}","data":${data}}`;
    expect(String(request?.body)).toBe(body);
  });
});

describe("Get webhook events", () => {
  it("lists the events whose names can be subscribed to", async () => {
    const { ask, call, path, target } = await customer();
    const listed = await call("GET", "/webhooks/events");
    expect(listed.status).toBe(200);
    expect(listed.body).toEqual({
      data: [{ name: type, description: expect.stringMatching(/\w\.$/) }],
      error: null,
    });
    const names = listed.body.data.map(({ name }: { name: string }) => name);
    const { data } = await ask("POST", path, { ...sample, url: target.url, events: names });
    expect(data.events).toEqual(names);
  });
});

describe("Create a webhook", () => {
  it("creates a webhook from the page's sample body", async () => {
    const { call, path } = await customer();
    const { status, body } = await call("POST", path, sample);
    expect(status).toBe(201);
    expect(body).toEqual({
      data: {
        id: expect.stringMatching(/^wh_/),
        ...sample,
        createdAt: expect.stringMatching(/Z$/),
        updatedAt: expect.stringMatching(/Z$/),
      },
      error: null,
    });
  });

  it("needs events, a name and a URL, and names what is missing", async () => {
    const { call, path } = await customer();
    for (const member of ["events", "name", "url"]) {
      const { status, body } = await call("POST", path, { ...sample, [member]: undefined });
      expect(status).toBe(400);
      expect(body).toMatchObject({ data: null, error: { code: 400 } });
      expect(body.error.message).toContain(member);
    }
    expect((await call("POST", path, { ...sample, events: [] })).status).toBe(400);
    expect((await call("GET", path)).body.data).toEqual([]);
  });

  it("signs with the page's secret", async () => {
    const { one, target } = await setup();
    await one.publish(fulfilled);
    const [request] = await target.next();
    expect(signatureOf(request)).toMatch(/^[0-9a-f]{64}$/);
    expect(signatureOf(request)).toBe(digestOf(request, sample.secret));
    expect(request?.headers).not.toHaveProperty("webhook-signature");
  });

  it("sends no signature for a webhook without a secret", async () => {
    for (const secret of [undefined, null]) {
      const { one, target, webhook } = await setup({ webhook: { secret } });
      expect(webhook.secret).toBeNull();
      await one.publish(fulfilled);
      const [request] = await target.next();
      const names = Object.keys(request?.headers ?? {});
      expect(names.filter((name) => name.includes("signature"))).toEqual([]);
      expect(jsonOf(request).data).toEqual(fulfilled.data);
    }
  });

  it("notifies at once where active is true", async () => {
    const { one, target, webhook } = await setup();
    expect(webhook.active).toBe(true);
    await one.publish(fulfilled);
    expect(await target.next()).toMatchObject([{ method: "POST" }]);
  });

  it("creates a webhook that is off where active is left out", async () => {
    for (const active of [undefined, null, false]) {
      const they = await setup({ webhook: { active } });
      expect(they.webhook.active).toBe(false);
      const missed = await publish(they, "FULFILLED");
      expect(missed.skipped).toMatchObject([{ reason: "WEBHOOK_PAUSED" }]);
      await they.ask("PUT", they.own, { active: true });
      const { id } = await they.one.publish(fulfilled);
      expect((await they.target.next())[0]?.headers["webhook-id"]).toBe(id);
      expect(they.target.requests).toHaveLength(1);
    }
  });

  it("refuses wrong members, naming each by UP42's name", async () => {
    const { call, path, own, ask } = await setup();
    const before = await ask("GET", own);
    const wrong = {
      events: ["order.unheard.of"],
      url: "ftp://example.com",
      secret: "short",
      active: "yes",
      name: 7,
      state: "ACTIVE",
      eventTypes: [type],
    };
    for (const [member, value] of Object.entries(wrong)) {
      for (const [method, place] of [
        ["POST", path],
        ["PUT", own],
      ] as const) {
        const { status, body } = await call(method, place, { ...sample, [member]: value });
        expect({ method, member, status }).toEqual({ method, member, status: 400 });
        expect(body).toEqual({ data: null, error: { code: 400, message: expect.any(String) } });
        expect(body.error.message).toMatch(new RegExp(`^${member}(\\[0\\])?: `));
      }
    }
    expect((await ask("GET", path)).data).toEqual([before.data]);
  });
});

describe("Test a webhook", () => {
  it("tests by one event, by no body and by an empty one, and answers with the page's report", async () => {
    const { call, own, target } = await setup();
    for (const body of [{ event: type }, undefined, {}]) {
      const answer = await call("POST", `${own}/tests`, body);
      const [request] = await target.next();
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.body.data)).toEqual(Object.keys(report.data));
      expect(answer.body).toMatchObject({
        ...report,
        data: { ...report.data, startedAt: expect.stringMatching(/^\d.*Z$/), tests: [{}] },
      });
      expect(answer.body.data.tests).toMatchObject([
        { event: type, succeeded: true, statusCode: 200, error: null },
      ]);
      expect(jsonOf(request)).toMatchObject({ type, data: { status: "FULFILLED" } });
    }
    expect(target.requests).toHaveLength(3);
  });

  it("counts a failing receiver as a failed test, and answers 200", async () => {
    const { call, own } = await setup({ answers: { answers: [500, "reset"] } });
    const [refused, broken] = [
      await call("POST", `${own}/tests`),
      await call("POST", `${own}/tests`),
    ];
    const counts = { testsRun: 1, testsSucceeded: 0, testsFailed: 1 };
    expect([refused.status, broken.status]).toEqual([200, 200]);
    expect(refused.body.data).toMatchObject({ ...counts, tests: [{ statusCode: 500 }] });
    expect(broken.body.data).toMatchObject({ ...counts, tests: [{ statusCode: 0 }] });
    expect(broken.body.data.tests[0].error).toMatch(/\w/);
  });

  it("refuses a test of an event that is not subscribed", async () => {
    const { call, own, target } = await setup();
    const { status, body } = await call("POST", `${own}/tests`, { event: "order.unheard.of" });
    expect(status).toBe(400);
    expect(body.error.message).toMatch(/^event: /);
    expect(target.requests).toEqual([]);
  });

  it("tests a webhook that is off", async () => {
    const { ask, own, target } = await setup({ webhook: { active: false } });
    expect((await ask("POST", `${own}/tests`)).data).toMatchObject({ testsSucceeded: 1 });
    expect(target.requests).toHaveLength(1);
  });
});

describe("Get webhooks", () => {
  it("lists all webhooks of a workspace, and no other's", async () => {
    const they = await customer();
    expect(await they.ask("GET", they.path)).toEqual({ data: [], error: null });
    const first = await they.ask("POST", they.path, sample);
    const second = await they.ask("POST", they.path, { ...sample, name: "Another" });
    await setup();
    expect(await they.ask("GET", they.path)).toEqual({
      data: [second.data, first.data],
      error: null,
    });
  });

  it("gets a webhook by its id", async () => {
    const { ask, own, webhook } = await setup();
    expect(await ask("GET", own)).toEqual({ data: webhook, error: null });
  });

  it("answers with the real secret, or null, wherever a webhook is shown", async () => {
    for (const secret of [sample.secret, null]) {
      const { ask, own, path, webhook } = await setup({ webhook: { secret } });
      const { data: read } = await ask("GET", own);
      const { data: listed } = await ask("GET", path);
      const { data: updated } = await ask("PUT", own, { name: "Renamed" });
      const shown = [webhook, read, ...listed, updated].map((one) => one.secret);
      expect(shown).toEqual([secret, secret, secret, secret]);
    }
  });

  it("leaves the secret out for a key that may not read it", async () => {
    const { one, own, path, webhook } = await setup();
    const key = await one.mintKey("webhooks");
    const call = (method: string, place: string, body?: unknown) =>
      hosting.posthorn.call(method, place, body, { key });
    const { body: read } = await call("GET", own);
    expect(read.data).not.toHaveProperty("secret");
    expect((await call("GET", path)).body.data).toEqual([read.data]);
    expect((await call("PUT", own, read.data)).status).toBe(200);
    const whole = await hosting.posthorn.call("GET", own, undefined, { key: one.key });
    expect(whole.body.data.secret).toBe(webhook.secret);
  });
});

describe("Update a webhook", () => {
  it("changes each parameter by PUT, and leaves what the body lacks", async () => {
    const { ask, own, webhook } = await setup();
    const { updatedAt: _, ...before } = webhook;
    const changes = [
      { name: "Renamed" },
      { url: "https://example.com/other" },
      { active: false },
      { secret: "another secret" },
      { events: [type] },
      {},
    ];
    let expected = before;
    for (const change of changes) {
      expected = { ...expected, ...change };
      expect(await ask("PUT", own, change)).toMatchObject({ data: expected, error: null });
    }
    expect((await ask("GET", own)).data).toMatchObject(expected);
  });

  it("takes a webhook back as it was read, and changes nothing", async () => {
    for (const secret of [sample.secret, null]) {
      const { ask, own, one, target } = await setup({ webhook: { secret } });
      const { data: read } = await ask("GET", own);
      const { data: written } = await ask("PUT", own, read);
      expect(written).toEqual({ ...read, updatedAt: written.updatedAt });
      await one.publish(fulfilled);
      const [request] = await target.next();
      expect(signatureOf(request)).toBe(secret === null ? undefined : digestOf(request, secret));
    }
  });

  it("takes the secret away by null, and signs no more", async () => {
    const { ask, own, one, target } = await setup();
    expect((await ask("PUT", own, { secret: null })).data.secret).toBeNull();
    await one.publish(fulfilled);
    expect(signatureOf((await target.next())[0])).toBeUndefined();
    expect((await ask("PUT", own, { secret: "another secret" })).data.secret).toBe(
      "another secret",
    );
    await one.publish(fulfilled);
    const [request] = await target.next();
    expect(signatureOf(request)).toBe(digestOf(request, "another secret"));
  });

  it("shows a disabled webhook as not active, and enables it by active", async () => {
    const they = await setup({ answers: { answers: [410, 200] } });
    await they.one.publish(fulfilled);
    await they.target.next();
    await eventually(async () => {
      expect((await they.ask("GET", they.own)).data.active).toBe(false);
    });
    expect((await they.ask("PUT", they.own, { active: true })).data.active).toBe(true);
    const { id } = await they.one.publish(fulfilled);
    await eventually(() => {
      expect(they.target.requests.map(({ headers }) => headers["webhook-id"])).toContain(id);
    });
  });
});

describe("Delete a webhook", () => {
  it("deletes a webhook with 204 and no body", async () => {
    const { call, own, one, target } = await setup();
    const { status, text, headers } = await call("DELETE", own);
    expect({ status, text }).toEqual({ status: 204, text: "" });
    expect(headers.get("content-type")).toBeNull();
    expect((await call("GET", own)).status).toBe(404);
    expect((await call("DELETE", own)).status).toBe(404);
    const { id } = await one.publish(fulfilled);
    await eventually(async () => expect((await one.ask("GET", `/events/${id}`)).id).toBe(id));
    expect(target.requests).toEqual([]);
  });
});

describe("Errors and keys", () => {
  const paths = (path: string, own: string) =>
    [
      ["GET", "/webhooks/events"],
      ["GET", path],
      ["POST", path, sample],
      ["GET", own],
      ["PUT", own, { name: "Renamed" }],
      ["POST", `${own}/tests`, {}],
      ["DELETE", own],
    ] as const;

  it("has data and error on every answer, 400, 401, 403, 404, 405 and 415 included", async () => {
    const { path, own, key, one } = await setup();
    const reader = await one.mintKey("webhooks:read");
    const text = { headers: { "content-type": "text/plain" } };
    const call = (...request: Parameters<typeof hosting.posthorn.call>) =>
      hosting.posthorn.call(...request);
    const refused = [
      await call("POST", path, "{", { key }),
      await call("GET", own, undefined, { key: "unknown" }),
      await call("GET", "/webhooks/events", undefined, { key: "unknown" }),
      await call("DELETE", own, undefined, { key: reader }),
      await call("GET", `${path}/wh_none`, undefined, { key }),
      await call("GET", "/webhooks/nothing", undefined, { key }),
      await call("GET", `${own}/nothing`, undefined, { key }),
      await call("PATCH", own, {}, { key }),
      await call("POST", "/webhooks/events", {}, { key }),
      await call("POST", path, "a=b", { key, ...text }),
    ];
    const statuses = refused.map(({ status }) => status);
    expect(statuses).toEqual([400, 401, 401, 403, 404, 404, 404, 405, 405, 415]);
    for (const { status, body } of refused) {
      const message = expect.stringMatching(/\w/);
      expect(body).toEqual({ data: null, error: { code: status, message } });
    }
  });

  it("is not there for keys of another provider", async () => {
    const { path, own } = await setup();
    const { body } = await hosting.apply("name: elsewhere\n");
    for (const [method, place, draft] of paths(path, own)) {
      const answer = await hosting.posthorn.call(method, place, draft, { key: body.operatorKey });
      expect({ method, place, status: answer.status }).toEqual({ method, place, status: 404 });
      expect(answer.body.error.message).toBe("there is no such path");
    }
    expect(providerFile("up42")).toMatch(/^compat: up42$/m);
  });

  it("finds no webhook of another workspace on any path", async () => {
    const [mine, theirs] = [await setup(), await setup()];
    const named = paths(theirs.path, theirs.own).filter(([, place]) => place.includes("/wh_"));
    for (const [method, place, draft] of named) {
      const elsewhere = place.replace(theirs.path, mine.path);
      for (const asked of [place, elsewhere]) {
        const { status } = await mine.call(method, asked, draft);
        expect({ method, asked, status }).toEqual({ method, asked, status: 404 });
      }
    }
    expect((await theirs.ask("GET", theirs.own)).data).toEqual(theirs.webhook);
  });
});
