import { eventually, type ReceivedRequest } from "@posthorn/testkit";
import { Webhook as Svix } from "svix";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Customer, type Hosted, hosted, type ListenOptions } from "../harness/hosted.ts";
import { readConformance } from "../harness/passages.ts";

const page = readConformance("trackstar/page.txt");
const integrationName = "shiphero";
const order = { id: "ord_1", status: "open" };
const trailingCommas = /,(?=\s*[}\]])/g;

let hosting: Hosted;
beforeAll(async () => {
  hosting = await hosted("trackstar");
}, 120_000);
afterAll(() => hosting?.stop());

/** The page's list of types. */
const typesOfPage = page
  .slice(page.indexOf("bill.created"), page.indexOf("Webhooks will point"))
  .trim()
  .split("\n");
const updatedTypes = typesOfPage.filter((type) => type.endsWith(".updated"));

const messageOf = (request: ReceivedRequest | undefined) => JSON.parse(String(request?.body));
const typesOf = (requests: readonly ReceivedRequest[]) =>
  requests.map((request) => messageOf(request).event_type);
/** What an event carries besides its type and data. */
const previousFor = (type: string) => (type.endsWith(".updated") ? { previousData: {} } : {});

interface EventType {
  readonly name: string;
  readonly schema: object;
  readonly example: object;
}

async function catalog(): Promise<readonly EventType[]> {
  const key = hosting.operatorKey("trackstar");
  const { body } = await hosting.posthorn.call("GET", "/v1/event-types", undefined, { key });
  return body.eventTypes;
}

/** A customer with a connection, whose first sync is complete unless told otherwise. */
async function linked(options: { integrationName?: string; isFirstSync?: boolean } = {}) {
  const one = hosting.customer("trackstar");
  const draft = { integrationName: options.integrationName ?? integrationName };
  const { id } = await one.ask("POST", "/connections", draft);
  if (options.isFirstSync !== true) await completeSync(one, id);
  return { one, connection: id as string };
}

const completeSync = (one: Customer, connection: string) =>
  one.ask("POST", `/connections/${connection}:completeSync`, {});

/** The same, with a webhook for orders, or as told. */
async function setup(options: ListenOptions & Parameters<typeof linked>[0] = {}) {
  const { one, connection } = await linked(options);
  const webhook = { eventTypes: ["order.*"], ...options.webhook };
  const listening = await one.listen({ ...options, webhook });
  return {
    one,
    connection,
    ...listening,
    publish: (event: object) => one.publish({ connection, ...event }),
  };
}

describe("Events", () => {
  it("notifies a webhook each time one of its events occurs, and of no other", async () => {
    const { target, publish } = await setup({ webhook: { eventTypes: ["order.created"] } });
    await publish({ type: "product.created", data: { id: "prod_1" } });
    await publish({ type: "order.created", data: order });
    await publish({ type: "order.created", data: { ...order, id: "ord_2" } });
    const ids = (await target.next(2)).map((request) => messageOf(request).data.id);
    expect(ids.sort()).toEqual(["ord_1", "ord_2"]);
    expect(target.requests).toHaveLength(2);
  });

  it("sends nothing while the first sync of a connection runs, but what tells of the connection", async () => {
    const eventTypes = ["order.*", "connection.*", "connection-error.*"];
    const { one, target, publish } = await setup({ isFirstSync: true, webhook: { eventTypes } });
    const { id } = await publish({ type: "order.created", data: order });
    await publish({ type: "connection-error.created", data: { id: "err_1" } });
    expect(await one.skippedReason(id)).toBe("FIRST_SYNC");
    await eventually(() => expect(typesOf(target.requests)).toContain("connection-error.created"));
    expect(typesOf(target.requests)).not.toContain("order.created");
    const explained = await one.ask("GET", `/events/${id}:explain`);
    expect(explained.webhooks).toMatchObject([{ verdict: "FIRST_SYNC" }]);
  });

  it("sends what occurs once the first sync is complete", async () => {
    const { one, connection, target, publish } = await setup({ isFirstSync: true });
    await publish({ type: "order.created", data: order });
    await completeSync(one, connection);
    await publish({ type: "order.created", data: { ...order, id: "ord_2" } });
    expect(messageOf((await target.next())[0]).data.id).toBe("ord_2");
    expect(target.requests).toHaveLength(1);
  });

  it("goes by when an event occurred, not by when it is published", async () => {
    const { one, connection, target, publish } = await setup({ isFirstSync: true });
    const during = await one.ask("GET", `/connections/${connection}`);
    await completeSync(one, connection);
    const time = during.createTime;
    const { id } = await publish({ type: "order.created", data: order, time });
    expect(await one.skippedReason(id)).toBe("FIRST_SYNC");
    const synced = await one.ask("GET", `/connections/${connection}`);
    const later = new Date(Date.parse(synced.firstSyncCompleteTime) + 1).toISOString();
    await publish({ type: "order.created", data: { ...order, id: "ord_2" }, time: later });
    expect(messageOf((await target.next())[0]).data.id).toBe("ord_2");
    expect(target.requests).toHaveLength(1);
  });

  it("brings nothing of the first sync back by a replay", async () => {
    const { one, connection, target, webhook, publish } = await setup({ isFirstSync: true });
    const after = (await one.ask("GET", `/connections/${connection}`)).createTime;
    const { id } = await publish({ type: "order.created", data: order });
    expect(await one.skippedReason(id)).toBe("FIRST_SYNC");
    await completeSync(one, connection);
    for (const filter of ["MISSING", "ALL"]) {
      const before = new Date().toISOString();
      const replay = await one.ask("POST", "/replays", {
        webhook: webhook.id,
        filter,
        after,
        before,
      });
      await eventually(async () => {
        const { state } = await one.ask("GET", `/replays/${replay.id}`);
        expect(state).toBe("COMPLETED");
      });
    }
    await publish({ type: "order.created", data: { ...order, id: "ord_2" } });
    expect(messageOf((await target.next())[0]).data.id).toBe("ord_2");
    expect(target.requests).toHaveLength(1);
  });

  it("goes on sending during a later sync", async () => {
    const { one, connection, target, publish } = await setup();
    const { syncState } = await one.ask("POST", `/connections/${connection}:startSync`, {});
    expect(syncState).toBe("SYNCING");
    await publish({ type: "order.created", data: order });
    await target.next();
    await completeSync(one, connection);
    await publish({ type: "order.created", data: order });
    await target.next();
  });

  it("has the 26 types of the page's list, by their names as they stand", async () => {
    expect(typesOfPage).toHaveLength(26);
    const names = (await catalog()).map(({ name }) => name);
    expect(names.sort()).toEqual([...typesOfPage].sort());
    expect(names).toContain("shipping_method.created");
  });

  it("delivers an event of each of the 26 types", async () => {
    const { target, publish } = await setup({ webhook: { eventTypes: typesOfPage } });
    const types = await catalog();
    for (const { name, example } of types) {
      await publish({ type: name, data: example, ...previousFor(name) });
    }
    const bodies = () => target.requests.map((request) => messageOf(request));
    await eventually(() => {
      for (const { name, example } of types) {
        expect(bodies()).toContainEqual(
          expect.objectContaining({ event_type: name, data: example }),
        );
      }
    });
  });

  it("knows no type by the name in the sample, and none that is spelt another way", async () => {
    const { one, connection } = await linked();
    const names = ["inbound_shipment.updated", "shipping-method.created", "Order.created"];
    for (const type of names) {
      const event = { type, data: order, connection };
      const answer = await one.call("POST", "/events", event);
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain("event.type");
    }
  });

  it("POSTs to the URL with the Content-Type application/json", async () => {
    const { target, publish } = await setup();
    await publish({ type: "order.created", data: order });
    const [request] = await target.next();
    expect(request).toMatchObject({ method: "POST", path: "/hook" });
    expect(request?.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Trackstar-Webhooks/1.0",
    });
  });

  it("refuses a webhook without a URL, naming the field", async () => {
    const one = hosting.customer("trackstar");
    const answer = await one.call("POST", "/webhooks", { eventTypes: ["order.created"] });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("webhook.url");
  });
});

describe("Connections", () => {
  it("publishes the three events of a connection's life itself, once each", async () => {
    const one = hosting.customer("trackstar");
    const { target } = await one.listen({ webhook: { eventTypes: ["connection.*"] } });
    const { id } = await one.ask("POST", "/connections", { integrationName });
    await completeSync(one, id);
    await one.ask("POST", `/connections/${id}:startSync`, {});
    await completeSync(one, id);
    await one.ask("DELETE", `/connections/${id}`);
    const requests = await target.next(3);
    const types = [
      "connection.created",
      "connection.deleted",
      "connection.historical-sync-completed",
    ];
    expect(typesOf(requests).sort()).toEqual(types);
    for (const request of requests) {
      const { connection_id, integration_name, data } = messageOf(request);
      expect([connection_id, integration_name]).toEqual([id, integrationName]);
      expect(data).toMatchObject({ id, integration_name: integrationName });
    }
    await one.ask("POST", "/connections", { integrationName: "next" });
    expect(messageOf((await target.next())[0]).integration_name).toBe("next");
    expect(target.requests).toHaveLength(4);
  });

  it("refuses an event without a connection, and of one that is unknown, another's or deleted", async () => {
    const { one, connection } = await linked();
    const other = await linked();
    const { id: deleted } = await one.ask("POST", "/connections", { integrationName });
    await one.ask("DELETE", `/connections/${deleted}`);
    const unknown = "conn_01h455vb4pex5vsknk084sn02q";
    for (const named of [undefined, "", unknown, other.connection, deleted]) {
      const event = { type: "order.created", data: order, connection: named };
      const answer = await one.call("POST", "/events", event);
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toContain("event.connection");
    }
    await one.publish({ type: "order.created", data: order, connection });
  });
});

describe("The message", () => {
  it("tells of which connection and integration the event is, and its type", async () => {
    const { connection, target, publish } = await setup();
    await publish({ type: "order.created", data: order });
    const [request] = await target.next();
    expect(messageOf(request)).toEqual({
      connection_id: connection,
      data: order,
      event_type: "order.created",
      integration_name: integrationName,
    });
  });

  it("has the object in data, byte for byte as it was published", async () => {
    const { one, connection, target } = await setup();
    const data =
      '{"id": "ord_1", "total_price": 1.50, "order_number": "\\u00e9", "n": 123456789012345678901234567890}';
    await one.publish(`{"type":"order.created","connection":"${connection}","data":${data}}`);
    const [request] = await target.next();
    expect(String(request?.body)).toContain(`"data":${data},`);
  });

  it("has previous_attributes in each of the updated events, and in no other", async () => {
    const { target, publish } = await setup({ webhook: { eventTypes: typesOfPage } });
    const types = await catalog();
    for (const { name, example } of types) {
      await publish({ type: name, data: example, ...previousFor(name) });
    }
    await eventually(() => {
      expect(new Set(typesOf(target.requests))).toEqual(new Set(typesOfPage));
    });
    const messages = target.requests.map((request) => messageOf(request));
    const withPrevious = messages.filter((message) => "previous_attributes" in message);
    const names = new Set(withPrevious.map(({ event_type }) => event_type));
    expect([...names].sort()).toEqual([...updatedTypes].sort());
    expect(withPrevious.length).toBe(updatedTypes.length);
  });

  it("has all of its members in a test, and in the test when it is sent again", async () => {
    const { one, target, path } = await setup();
    const { tests } = await one.ask("POST", `${path}:test`, {
      eventTypes: ["order.created", "order.updated"],
    });
    const updated = tests.find((test: { eventType: string }) => test.eventType === "order.updated");
    const again = `/deliveries/${updated.attempt.delivery}:resend`;
    await one.ask("POST", again, {});
    const messages = (await target.next(3)).map((request) => messageOf(request));
    const names = messages.map(({ integration_name }) => integration_name);
    expect(names).toEqual(["example", "example", "example"]);
    for (const { connection_id } of messages) expect(connection_id).toMatch(/^conn_[0-9a-z]{26}$/);
    const previous = messages.map(({ event_type, previous_attributes }) => [
      event_type,
      previous_attributes,
    ]);
    expect(previous.sort()).toEqual([
      ["order.created", undefined],
      ["order.updated", {}],
      ["order.updated", {}],
    ]);
  });

  it("works the previous values out of the object as it was before", async () => {
    const { target, publish } = await setup();
    const previousData = { id: "ord_1", status: "open", total_price: 10 };
    const data = { ...previousData, status: "fulfilled" };
    await publish({ type: "order.updated", data, previousData });
    const [request] = await target.next();
    expect(messageOf(request).previous_attributes).toEqual({ status: "open" });
  });

  it("joins the way to a nested value by dots, with integers for places in arrays", async () => {
    const { target, publish } = await setup();
    const id = "ord_1";
    const cases: readonly (readonly [object, object, object])[] = [
      [{ tags: ["a", "b"] }, { tags: ["a", "c"] }, { "tags.1": "b" }],
      [
        { line_items: [{ quantity: 1 }, { quantity: 1 }] },
        { line_items: [{ quantity: 1 }, { quantity: 2 }] },
        { "line_items.1.quantity": 1 },
      ],
      [
        { ship_to_address: { city: "Porto", state: "13" } },
        { ship_to_address: { city: "Porto", state: null } },
        { "ship_to_address.state": "13" },
      ],
      [{}, { channel: "web" }, { channel: null }],
      [{ tags: ["a"] }, { tags: ["a", "b"] }, { "tags.1": null }],
      [{ channel: "web" }, {}, { channel: "web" }],
      [{ line_items: [{ sku: "A" }] }, { line_items: [] }, { "line_items.0": { sku: "A" } }],
      [
        { additional_fields: { a: { b: 1 } } },
        { additional_fields: { a: [1] } },
        { "additional_fields.a": { b: 1 } },
      ],
      [
        { additional_fields: { "x.y": 1, z: 1 } },
        { additional_fields: { "x.y": 2, z: 1 } },
        { additional_fields: { "x.y": 1, z: 1 } },
      ],
    ];
    const events = new Map<string, object>();
    for (const [before, now, expected] of cases) {
      const data = { id, ...now };
      const event = await publish({ type: "order.updated", data, previousData: { id, ...before } });
      events.set(event.id, expected);
    }
    for (const request of await target.next(cases.length)) {
      const expected = events.get(request.headers["svix-id"] ?? "");
      expect(messageOf(request).previous_attributes).toEqual(expected);
    }
  });

  it("gives {} where nothing has changed", async () => {
    const { target, publish } = await setup();
    await publish({ type: "order.updated", data: order, previousData: order });
    const [request] = await target.next();
    expect(messageOf(request).previous_attributes).toEqual({});
  });

  it("keeps the exact bytes of old values", async () => {
    const { one, connection, target } = await setup();
    const before = '{"id": "ord_1", "total_price": 1.50, "additional_fields": {"a":  "\\u00e9"}}';
    const event = `{"type": "order.updated", "connection": "${connection}", "data": {"id": "ord_1"}, "previousData": ${before}}`;
    await one.publish(event);
    const [request] = await target.next();
    const body = String(request?.body);
    expect(body).toContain(`"total_price":1.50`);
    expect(body).toContain(`"additional_fields":{"a":  "\\u00e9"}`);
  });

  it("refuses an updated event with neither or both of previousData and previousAttributes", async () => {
    const { one, connection } = await linked();
    const event = { type: "order.updated", data: order, connection };
    const both = { previousData: order, previousAttributes: {} };
    const answers = [
      await one.call("POST", "/events", event),
      await one.call("POST", "/events", { ...event, ...both }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
    for (const { text } of answers) expect(text).toMatch(/event\.previous(Data|Attributes)/);
  });

  it("refuses previous values on other events, and previousData that is no object", async () => {
    const { one, connection } = await linked();
    const events = [
      { type: "order.created", previousData: order },
      { type: "order.created", previousAttributes: { status: "open" } },
      { type: "order.updated", previousData: ["open"] },
      { type: "order.updated", previousData: "open" },
      { type: "order.updated", previousAttributes: ["status"] },
    ];
    for (const event of events) {
      const answer = await one.call("POST", "/events", { ...event, data: order, connection });
      expect(answer.status, answer.text).toBe(400);
      expect(answer.text).toMatch(/event\.previous(Data|Attributes)/);
    }
    expect((await one.ask("GET", "/events?type=order.created")).events).toEqual([]);
  });

  it("publishes for each type a schema that its example meets, and refuses what does not", async () => {
    const types = await catalog();
    for (const { name, schema, example } of types) {
      expect(schema, name).toMatchObject({
        type: "object",
        required: expect.arrayContaining(["id"]),
      });
      expect(Object.keys(example), name).toContain("id");
    }
    const { one, connection } = await linked();
    for (const type of typesOfPage) {
      const event = { type, connection, data: { id: 7 }, ...previousFor(type) };
      const answer = await one.call("POST", "/events", event);
      expect(answer.status, type).toBe(400);
      expect(answer.text).toContain("event.data");
    }
  });

  it("sends the page's sample, member by member and in its order", async () => {
    const text = readConformance("trackstar/sample-message.txt");
    expect(text.match(trailingCommas)).toHaveLength(5);
    const sample = JSON.parse(text.replaceAll(trailingCommas, ""));
    const { connection, target, publish } = await setup({
      integrationName: sample.integration_name,
      webhook: { eventTypes: ["inbound-shipment.updated"] },
    });
    const type = "inbound-shipment.updated";
    const { data, previous_attributes: previousAttributes } = sample;
    await publish({ type, data, previousAttributes });
    const [request] = await target.next();
    const expected = { ...sample, connection_id: connection, event_type: type };
    expect(String(request?.body)).toBe(JSON.stringify(expected));
  });

  it("works the sample's previous_attributes out of those two changes", async () => {
    const text = readConformance("trackstar/sample-message.txt").replaceAll(trailingCommas, "");
    const { data, previous_attributes: previousAttributes } = JSON.parse(text);
    const before = structuredClone(data);
    before.status = "open";
    before.line_items[1].received_quantity = 1;
    const { target, publish } = await setup({ webhook: { eventTypes: ["inbound-shipment.*"] } });
    await publish({ type: "inbound-shipment.updated", data, previousData: before });
    const [request] = await target.next();
    expect(messageOf(request).previous_attributes).toEqual(previousAttributes);
  });
});

describe("Verifying webhook signatures", () => {
  it("is verified by the package svix, which refuses a changed body and another secret", async () => {
    const { one, target, webhook, path, publish } = await setup({
      answers: [500, 200],
      webhook: { retryPolicy: { delays: ["0s"] } },
    });
    await publish({ type: "order.created", data: order });
    await target.next(2);
    await one.ask("POST", `${path}:test`, { eventTypes: ["order.created"] });
    await target.next();
    const svix = new Svix(webhook.secret);
    const other = new Svix("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    for (const { body, headers } of target.requests) {
      const text = String(body);
      expect(() => svix.verify(text, { ...headers })).not.toThrow();
      expect(() => svix.verify(`${text} `, { ...headers })).toThrow();
      expect(() => other.verify(text, { ...headers })).toThrow();
      expect(headers["svix-id"]).toMatch(/^(evt|msg)_/);
    }
    expect(target.requests).toHaveLength(3);
  });
});
