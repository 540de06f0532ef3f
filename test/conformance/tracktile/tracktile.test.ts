import { eventually, freePort, type ReceivedRequest, type receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { posthornCommand } from "../../harness/cli.ts";
import { byStandard } from "../../harness/verifiers.ts";
import { compatCustomer } from "../harness/compat.ts";
import { type Hosted, hosted, providerFile } from "../harness/hosted.ts";
import { readConformance } from "../harness/passages.ts";
import { curl, filled, runProgram } from "../harness/shell.ts";

const fixture = (name: string) => readConformance(`tracktile/${name}`);
const { id: _, kind: type, time, ...data } = JSON.parse(fixture("payload.json"));
const event = { type, time, data };

let hosting: Hosted;
beforeAll(async () => {
  hosting = await hosted("tracktile");
}, 120_000);
afterAll(() => hosting?.stop());

const jsonOf = (request: ReceivedRequest | undefined) => JSON.parse(String(request?.body));

async function customer(options?: Parameters<typeof receiver>[0]) {
  return await compatCustomer(hosting, "tracktile", options);
}

/** A customer with a hook for the page's event, whose receiver answers as told. */
async function setup(options: { answers?: Parameters<typeof receiver>[0]; hook?: object } = {}) {
  const they = await customer(options.answers);
  const draft = { name: "Orders", url: they.target.url, on: type, ...options.hook };
  const hook = await they.ask("POST", "/hooks", draft);
  return { ...they, hook, path: `/hooks/${hook.id}` };
}

/** Runs a line of the page as a customer who has filled in host, token and webhook. */
function run(name: string, places: { key: string; id?: string; url?: string }) {
  const { key, id, url } = places;
  return curl(fixture(name), {
    "https://api.tracktile.io": hosting.url,
    "api-YOUR_TOKEN_HERE": key,
    ...(id !== undefined && { "{id}": id }),
    ...(url !== undefined && { "https://your-server.com/webhook": url }),
  });
}

describe("How webhooks work", () => {
  it("runs the page's curl line that creates a webhook", async () => {
    const { key, target } = await customer();
    const { status, body } = await run("create.sh", { key, url: target.url });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^wh_/),
      name: "My Webhook",
      url: target.url,
      on: "order.status.changed",
      status: "active",
      secret: expect.stringMatching(/^whsec_/),
    });
  });

  it("runs the page's command line that registers a webhook, and prints its secret once", async () => {
    const { key, target, ask } = await customer();
    const line = filled(fixture("register.sh"), { "https://your-server.com/webhook": target.url });
    const settings = `export POSTHORN_SERVER=${hosting.url} POSTHORN_API_KEY=${key} POSTHORN_CONFIG_DIR=/nonexistent`;
    const tt = `tt() { ${posthornCommand.map((word) => `'${word}'`).join(" ")} "$@"; }`;
    const printed = await runProgram("bash", ["-c", [settings, tt, line].join("\n")], "");
    expect(printed.match(/whsec_/g)).toHaveLength(1);
    const hooks = await ask("GET", "/hooks");
    expect(hooks).toMatchObject([{ name: "My Webhook", on: type, url: target.url }]);
    expect(printed).toContain(hooks[0].id);
  });

  it("generates a signing secret of its own for each webhook", async () => {
    const { ask, hook, target } = await setup();
    const other = await ask("POST", "/hooks", { name: "Other", url: target.url, on: type });
    expect(hook.secret).toMatch(/^whsec_.{32,}/);
    expect(other.secret).not.toBe(hook.secret);
  });

  it("notifies at once of an event of its own workspace, and of no other's", async () => {
    const [mine, theirs] = [await setup(), await setup()];
    await mine.one.publish(event);
    expect(await mine.target.next()).toMatchObject([{ method: "POST", path: "/hook" }]);
    await theirs.one.publish({ ...event, data: { ...data, orderId: "ord_theirs" } });
    expect(jsonOf((await theirs.target.next())[0]).orderId).toBe("ord_theirs");
    expect([mine, theirs].map(({ target }) => target.requests.length)).toEqual([1, 1]);
  });

  it("signs every payload, tests and retries too, by HMAC-SHA256 with the webhook's secret", async () => {
    const { one, target, hook, path, ask } = await setup({ answers: { answers: [500, 200] } });
    const retryPolicy = { delays: ["0s"] };
    await one.ask("PATCH", `/webhooks/${hook.id}`, { retryPolicy });
    await one.publish(event);
    await target.next(2);
    await ask("POST", `${path}/test`);
    await target.next();
    const genuine = target.requests.map((request) => byStandard(request, hook.secret));
    expect(genuine).toEqual([true, true, true]);
    const [first] = target.requests;
    const changed = { ...first, body: Buffer.from(String(first?.body).replace("pending", "done")) };
    expect(byStandard(changed as ReceivedRequest, hook.secret)).toBe(false);
  });

  it("gives keys that begin as the page's do", async () => {
    const { key } = await customer();
    const [prefix] = /^api-/.exec("api-YOUR_TOKEN_HERE") ?? [];
    expect([key, hosting.operatorKey("tracktile")].map((one) => one.slice(0, 4))).toEqual([
      prefix,
      prefix,
    ]);
  });
});

describe("Setting up webhooks", () => {
  it("answers the page's creation with a secret, once", async () => {
    const { key, target, one } = await customer();
    const { body } = await run("create.sh", { key, url: target.url });
    await one.publish(event);
    const [request] = await target.next();
    expect(byStandard(request as ReceivedRequest, body.secret)).toBe(true);
    const read = await run("list.sh", { key });
    expect(read.body).toHaveLength(1);
    expect(read.text).not.toContain("secret");
  });

  it("shows a secret in no other answer", async () => {
    const { call, hook, path, one } = await setup();
    const own = `/v1/workspaces/${one.workspace}/webhooks/${hook.id}`;
    const answers = [
      await call("GET", "/hooks"),
      await call("GET", path),
      await call("PUT", path, { name: "Other" }),
      await call("POST", `${path}/test`),
      await call("GET", `${path}/executions`),
      await call("GET", own),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200]);
    expect(answers.map(({ text }) => text).join()).not.toContain(hook.secret);
    expect((await call("GET", `${own}/secret`)).status).toBe(400);
  });

  it("asks for name, URL and event type, in the page's order, and refuses a webhook without one", async () => {
    const key = hosting.operatorKey("tracktile");
    const { body } = await hosting.posthorn.call("GET", "/v1/provider", undefined, { key });
    expect(body.webhookFields).toMatchObject([
      { field: "name", label: "Name", required: true },
      { field: "url", label: "URL", required: true },
      { field: "eventTypes", label: "Event type", required: true },
    ]);
    const { call } = await customer();
    const whole = { name: "Orders", url: "https://example.com/", on: type };
    for (const member of ["name", "url", "on"]) {
      const answer = await call("POST", "/hooks", { ...whole, [member]: undefined });
      expect(answer.status, answer.text).toBe(400);
      expect(fieldsOf(answer.body)).toEqual([member]);
    }
    expect((await call("GET", "/hooks")).body).toEqual([]);
  });
});

describe("Managing webhooks", () => {
  it("runs the page's curl line that lists webhooks", async () => {
    const { key, hook, ask, target } = await setup();
    const newer = await ask("POST", "/hooks", { name: "Other", url: target.url, on: type });
    const { status, body } = await run("list.sh", { key });
    expect(status).toBe(200);
    const { secret: __, ...shown } = hook;
    expect(body).toEqual([expect.objectContaining({ id: newer.id, name: "Other" }), shown]);
  });

  it("lists nothing as an empty array", async () => {
    const { key } = await customer();
    expect(await run("list.sh", { key })).toMatchObject({ status: 200, text: "[]" });
  });

  it("runs the page's curl line that updates a webhook", async () => {
    const { key, hook, ask, path } = await setup();
    const { status, body } = await run("update.sh", { key, id: hook.id });
    expect(status).toBe(200);
    const { id, url, on } = hook;
    expect(body).toMatchObject({ id, url, on, name: "Updated Webhook", status: "paused" });
    expect(await ask("GET", path)).toEqual(body);
  });

  it("changes by PUT only what is present", async () => {
    const { ask, path, hook } = await setup();
    const { secret: __, updatedAt: ___, ...before } = hook;
    const changes = [
      { name: "Renamed" },
      { url: "https://example.com/other" },
      { on: "shipment.dispatched" },
      { status: "paused" },
      { status: "active" },
      {},
    ];
    let expected = before;
    for (const change of changes) {
      expected = { ...expected, ...change };
      expect(await ask("PUT", path, change)).toMatchObject(expected);
    }
    expect(await ask("GET", path)).toMatchObject(expected);
  });

  it("refuses members of a PUT that are not Tracktile's, naming each, and changes nothing", async () => {
    const { call, ask, path } = await setup();
    const before = await ask("GET", path);
    for (const member of ["state", "eventTypes", "description", "filter", "secret", "enabled"]) {
      const answer = await call("PUT", path, { name: "Renamed", [member]: "paused" });
      expect(answer.status, answer.text).toBe(400);
      expect(fieldsOf(answer.body)).toEqual([member]);
    }
    const wrong = { status: "disabled", on: "order.*", url: "ftp://example.com", name: 7 };
    for (const [member, value] of Object.entries(wrong)) {
      const answer = await call("PUT", path, { [member]: value });
      expect(answer.status, answer.text).toBe(400);
      expect(fieldsOf(answer.body)).toEqual([member]);
    }
    expect(await ask("GET", path)).toEqual(before);
  });

  it("runs the page's curl line that deletes a webhook", async () => {
    const { key, hook, call, path, one, target } = await setup();
    const { status, text } = await run("delete.sh", { key, id: hook.id });
    expect({ status, text }).toEqual({ status: 204, text: "" });
    expect((await call("GET", path)).status).toBe(404);
    const again = await run("delete.sh", { key, id: hook.id });
    expect(again.status).toBe(404);
    const { id } = await one.publish(event);
    await eventually(async () => expect((await one.ask("GET", `/events/${id}`)).id).toBe(id));
    expect(target.requests).toEqual([]);
  });

  it("runs the page's curl line that rotates a secret", async () => {
    const { key, hook, one, target } = await setup();
    const { status, body } = await run("rotate.sh", { key, id: hook.id });
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: hook.id, secret: expect.stringMatching(/^whsec_.{32,}/) });
    expect(body.secret).not.toBe(hook.secret);
    await one.publish(event);
    const [request] = await target.next();
    expect(byStandard(request as ReceivedRequest, body.secret)).toBe(true);
  });

  it("signs nothing with the old secret after the answer, retries included", async () => {
    const { ask, path, hook, one, target } = await setup({ answers: { answers: [500, 200] } });
    await one.ask("PATCH", `/webhooks/${hook.id}`, { retryPolicy: { delays: ["5s"] } });
    await one.publish(event);
    // The retry has to begin after the answer, which takes a second or more.
    const [before] = await target.next();
    const { secret } = await ask("POST", `${path}/rotate`);
    await one.publish(event);
    await ask("POST", `${path}/test`);
    const after = await target.next(3, 20_000);
    expect(byStandard(before as ReceivedRequest, hook.secret)).toBe(true);
    expect(after.map((request) => byStandard(request, secret))).toEqual([true, true, true]);
    expect(after.map((request) => byStandard(request, hook.secret))).toEqual([false, false, false]);
  });

  it("refuses a rotation with an overlap, naming the field", async () => {
    const { one, hook, target } = await setup();
    const answer = await one.call("POST", `/webhooks/${hook.id}:rotateSecret`, { overlap: "60s" });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer.body)).toEqual(["overlap"]);
    await one.publish(event);
    const [request] = await target.next();
    expect(byStandard(request as ReceivedRequest, hook.secret)).toBe(true);
  });

  it("takes exactly one exact event type, by /hooks and by /v1", async () => {
    const { call, one } = await customer();
    const url = "https://example.com/";
    for (const on of ["order.*", "*", "order.unheard.of", "", "order.created,order.updated"]) {
      const answer = await call("POST", "/hooks", { name: "A", url, on });
      expect({ on, status: answer.status }).toEqual({ on, status: 400 });
      expect(fieldsOf(answer.body), answer.text).toEqual(["on"]);
    }
    expect((await call("POST", "/hooks", { name: "A", url, on: [type] })).status).toBe(400);
    for (const eventTypes of [[], ["order.*"], [type, "order.created"]]) {
      const answer = await one.call("POST", "/webhooks", { name: "A", url, eventTypes });
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain("eventTypes");
    }
    expect((await call("GET", "/hooks")).body).toEqual([]);
    const made = await one.ask("POST", "/webhooks", { name: "A", url, eventTypes: [type] });
    expect((await call("GET", "/hooks")).body).toMatchObject([{ id: made.id, on: type }]);
  });
});

describe("Webhook payload structure", () => {
  it("sends the page's payload", async () => {
    const { one, target } = await setup();
    const { id } = await one.publish(event);
    const [request] = await target.next();
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Tracktile-Webhooks/1.0",
      "webhook-id": id,
    });
    const page = { ...JSON.parse(fixture("payload.json")), id };
    expect(String(request?.body)).toBe(JSON.stringify(page));
  });

  it("sends data without members as valid JSON", async () => {
    const { one, target } = await setup();
    const { id } = await one.publish({ ...event, data: {} });
    const [request] = await target.next();
    expect(String(request?.body)).toBe(`{"id":"${id}","kind":"${type}","time":"${time}"}`);
  });

  it("refuses data that the payload cannot spread, naming the member", async () => {
    const { one } = await setup();
    for (const member of ["id", "kind", "time"]) {
      const answer = await one.call("POST", "/events", { type, data: { ...data, [member]: "x" } });
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain(`data.${member}`);
    }
    for (const other of [[], "text", 7, null]) {
      const answer = await one.call("POST", "/events", { type, data: other });
      expect(answer.status, answer.text).toBe(400);
    }
    expect((await one.ask("GET", "/events")).events).toEqual([]);
  });

  it("has a catalog of 23 events about orders, shipments and inventory, each sent", async () => {
    const { key, ask, target, one } = await customer();
    const { body } = await hosting.posthorn.call("GET", "/v1/event-types", undefined, { key });
    expect(body.eventTypes).toHaveLength(23);
    const groups = new Set(body.eventTypes.map(({ group }: { group: string }) => group));
    expect(groups).toEqual(new Set(["Orders", "Shipments", "Inventory"]));
    for (const { name, description, schema, example } of body.eventTypes) {
      expect(description, name).toMatch(/\w+\.$/);
      const members = Object.keys(example);
      expect(members.filter((member) => !(member in schema.properties))).toEqual([]);
      await ask("POST", "/hooks", { name, url: target.url, on: name });
      await one.publish({ type: name, data: example });
    }
    const sent = new Map((await target.next(23)).map((it) => [jsonOf(it).kind, jsonOf(it)]));
    for (const { name, example } of body.eventTypes) expect(sent.get(name)).toMatchObject(example);
  });
});

describe("Testing webhooks", () => {
  it("runs the page's curl line that tests a webhook", async () => {
    const answers = [{ status: 202, body: "thanks", headers: { "x-answer": "yes" } }];
    const { key, hook, target } = await setup({ answers: { answers } });
    const { status, body } = await run("test.sh", { key, id: hook.id });
    const [request] = await target.next();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: expect.stringMatching(/^att_/),
      eventId: jsonOf(request).id,
      kind: type,
      statusCode: 202,
      response: { headers: { "x-answer": "yes" }, body: "thanks" },
      error: null,
    });
    expect(jsonOf(request)).toMatchObject({ kind: type, orderId: "ord_456" });
  });

  it("takes rotate and test with no body, an empty object, and any content type beside no body", async () => {
    const { key, path } = await setup();
    const headers = { authorization: `Bearer ${key}` };
    const ways = [
      {},
      { body: "{}", headers: { "content-type": "application/json" } },
      { headers: { "content-type": "application/x-www-form-urlencoded" } },
    ];
    for (const action of ["rotate", "test"]) {
      for (const way of ways) {
        const answer = await fetch(`${hosting.url}${path}/${action}`, {
          method: "POST",
          ...way,
          headers: { ...headers, ...way.headers },
        });
        expect({ action, way, status: answer.status }).toEqual({ action, way, status: 200 });
      }
    }
  });
});

describe("Webhook status", () => {
  it("sends nothing to a paused webhook, and what comes later once it is active", async () => {
    const { ask, path, one, target } = await setup({ hook: { status: "paused" } });
    expect(await ask("GET", path)).toMatchObject({ status: "paused" });
    const skipped = await one.publish(event);
    expect(await ask("PUT", path, { status: "active" })).toMatchObject({ status: "active" });
    const { id } = await one.publish(event);
    expect(jsonOf((await target.next())[0]).id).toBe(id);
    const listed = await one.ask("GET", `/events/${skipped.id}`);
    expect(listed.skipped).toMatchObject([{ reason: "WEBHOOK_PAUSED" }]);
    expect(target.requests).toHaveLength(1);
  });

  it("shows a disabled webhook as paused, and enables it by active", async () => {
    const { ask, path, one, target, hook } = await setup({ answers: { answers: [410, 200] } });
    await one.publish(event);
    await eventually(async () => {
      expect(await one.ask("GET", `/webhooks/${hook.id}`)).toMatchObject({ state: "DISABLED" });
    });
    expect(await ask("GET", path)).toMatchObject({ status: "paused" });
    expect(await ask("PUT", path, { status: "active" })).toMatchObject({ status: "active" });
    await target.next();
    const { id } = await one.publish(event);
    expect(jsonOf((await target.next())[0]).id).toBe(id);
  });
});

describe("Execution history", () => {
  it("runs the page's curl line that lists executions", async () => {
    const answers = [{ status: 200, body: "thanks", headers: { "x-answer": "yes" } }];
    const { key, hook, one, target } = await setup({ answers: { answers } });
    const { id } = await one.publish(event);
    await target.next();
    await eventually(async () => {
      const { status, body } = await run("executions.sh", { key, id: hook.id });
      expect(status).toBe(200);
      expect(body).toMatchObject([
        {
          eventId: id,
          kind: type,
          statusCode: 200,
          response: { headers: { "x-answer": "yes" }, body: "thanks" },
          error: null,
        },
      ]);
      expect(Math.abs(Date.parse(body[0].time) - Date.now())).toBeLessThan(60_000);
    });
  });

  it("lists executions newest first, one per attempt, tests included", async () => {
    const { ask, path, hook, one, target } = await setup({ answers: { answers: [500, 404, 200] } });
    await one.ask("PATCH", `/webhooks/${hook.id}`, { retryPolicy: { delays: ["0.2s"] } });
    expect(await ask("GET", `${path}/executions`)).toEqual([]);
    const { id } = await one.publish(event);
    await target.next(2);
    const tested = await ask("POST", `${path}/test`);
    await eventually(async () => {
      const executions = await ask("GET", `${path}/executions`);
      expect(executions).toMatchObject([
        tested,
        { eventId: id, statusCode: 404, error: null },
        { eventId: id, statusCode: 500, error: null },
      ]);
    });
  });

  it("lists an execution that nobody answered with its error", async () => {
    const { ask, path } = await setup();
    await ask("PUT", path, { url: `http://127.0.0.1:${await freePort()}/` });
    const tested = await ask("POST", `${path}/test`);
    expect(tested).toMatchObject({ statusCode: 0, error: expect.stringMatching(/\w/) });
    expect(tested).not.toHaveProperty("response");
    expect(await ask("GET", `${path}/executions`)).toMatchObject([tested]);
  });
});

describe("Paths and keys", () => {
  const paths = (id: string) =>
    [
      ["GET", "/hooks"],
      ["POST", "/hooks", { name: "A", url: "https://example.com/", on: type }],
      ["GET", `/hooks/${id}`],
      ["PUT", `/hooks/${id}`, { name: "B" }],
      ["POST", `/hooks/${id}/rotate`],
      ["POST", `/hooks/${id}/test`],
      ["GET", `/hooks/${id}/executions`],
      ["DELETE", `/hooks/${id}`],
    ] as const;

  it("answers 201, 200, and 204 without a body", async () => {
    const { call, hook } = await setup();
    const answers = [];
    for (const [method, path, body] of paths(hook.id)) answers.push(await call(method, path, body));
    const statuses = answers.map(({ status }) => status);
    expect(statuses).toEqual([200, 201, 200, 200, 200, 200, 200, 204]);
    expect(answers.at(-1)?.text).toBe("");
  });

  it("refuses an operator key on every path with 400, saying which key it takes", async () => {
    const { hook } = await setup();
    const key = hosting.operatorKey("tracktile");
    for (const [method, path, body] of paths(hook.id)) {
      const answer = await hosting.posthorn.call(method, path, body, { key });
      expect({ path, status: answer.status }).toEqual({ path, status: 400 });
      expect(answer.body.message).toContain("key of one workspace");
    }
  });

  it("is not there for keys of another provider", async () => {
    const { hook } = await setup();
    const applied = await hosting.apply(`name: elsewhere\nkeyPrefix: api-\n`);
    const { operatorKey } = applied.body;
    const minted = await hosting.posthorn.call(
      "POST",
      "/v1/api-keys",
      { workspace: "acme", scopes: ["webhooks", "deliveries"] },
      { key: operatorKey },
    );
    for (const key of [minted.body.key, operatorKey]) {
      for (const [method, path, body] of paths(hook.id)) {
        const answer = await hosting.posthorn.call(method, path, body, { key });
        expect({ path, status: answer.status }).toEqual({ path, status: 404 });
        expect(answer.body.message).toBe("there is no such path");
      }
    }
    expect(providerFile("tracktile")).toMatch(/^compat: tracktile$/m);
  });

  it("finds no webhook of another workspace on any path", async () => {
    const [mine, theirs] = [await setup(), await setup()];
    const { secret: __, ...before } = theirs.hook;
    const named = paths(theirs.hook.id).filter(([, path]) => path !== "/hooks");
    for (const [method, path, body] of named) {
      expect({ path, status: (await mine.call(method, path, body)).status }).toEqual({
        path,
        status: 404,
      });
    }
    expect(await theirs.ask("GET", theirs.path)).toEqual(before);
  });

  it("refuses in Posthorn's shape with Tracktile's names", async () => {
    const { call } = await customer();
    const body = { name: "x".repeat(129), url: "not a url", on: "order.unheard.of", more: 1 };
    const unknown = await call("POST", "/hooks", body);
    expect(unknown.body).toMatchObject({ code: 3, message: "more: unknown field" });
    const { more: __, ...known } = body;
    const answer = await call("POST", "/hooks", known);
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer.body).every((field) => ["name", "url", "on"].includes(field))).toBe(
      true,
    );
    expect(answer.text).not.toContain("webhook.");
    expect((await call("PATCH", "/hooks/wh_1", {})).status).toBe(405);
    const wrong = await hosting.posthorn.call("GET", "/hooks", undefined, { key: "api-none" });
    expect([wrong.status, wrong.body.code]).toEqual([401, 16]);
  });
});

/** The fields that a refusal names. */
function fieldsOf(refusal: { details?: { fieldViolations?: { field: string }[] }[] }): string[] {
  const violations = (refusal.details ?? []).flatMap(({ fieldViolations = [] }) => fieldViolations);
  return violations.map(({ field }) => field);
}
