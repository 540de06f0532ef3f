import type { MessageInitShape } from "@bufbuild/protobuf";
import type { EventTypeSchema } from "@posthorn/proto/posthorn/subscription/v1/event_type";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (data: Uint8Array) => new TextDecoder().decode(data);

test("creates an event type and keeps the bytes of schema and example", async () => {
  const { as } = await it.tenant();
  const before = await as.providers.getOwnProvider({});
  const schema = '{ "type":"object",\n"properties":{"n":{"type":"number"}} }';
  const example = '{"n": 12345678901234567890.10, "z":1, "a":"\\u00e4"}';
  const eventType = { name: "order.paid", group: "Orders", description: "D" };
  const created = await as.eventTypes.createEventType({
    eventType: { ...eventType, schema: bytes(schema), example: bytes(example) },
  });
  expect(created).toMatchObject(eventType);
  expect(created.createTime).toBeDefined();
  const read = await as.eventTypes.getEventType({ name: "order.paid" });
  expect(read).toEqual(created);
  expect(textOf(read.schema)).toBe(schema);
  expect(textOf(read.example)).toBe(example);
  const after = await as.providers.getOwnProvider({});
  expect(after.revision).toBeGreaterThan(before.revision);
});

test("refuses a name that is taken", async () => {
  const { as } = await it.tenant("eventTypes: [{ name: a }]");
  expect(await refusalOf(as.eventTypes.createEventType({ eventType: { name: "a" } }))).toEqual({
    reason: "exists",
    fields: [],
  });
});

const big = bytes(`"${"x".repeat(262_144)}"`);

test.each([
  { eventType: undefined, field: "eventType" },
  { eventType: { name: "" }, field: "eventType.name" },
  { eventType: { name: "a..b" }, field: "eventType.name" },
  { eventType: { name: "a.b\n" }, field: "eventType.name" },
  { eventType: { name: "ü" }, field: "eventType.name" },
  { eventType: { name: "posthorn.mine" }, field: "eventType.name" },
  { eventType: { name: "x".repeat(129) }, field: "eventType.name" },
  { eventType: { name: "a", description: "\u0000" }, field: "eventType.description" },
  { eventType: { name: "a", schema: bytes('{"type":1}') }, field: "eventType.schema" },
  {
    eventType: { name: "a", schema: bytes('{"$ref":"https://x.y/z"}') },
    field: "eventType.schema",
  },
  {
    eventType: { name: "a", schema: bytes("false"), example: bytes("1") },
    field: "eventType.example",
  },
  { eventType: { name: "a", example: bytes("{") }, field: "eventType.example" },
  { eventType: { name: "a", example: big }, field: "eventType.example" },
  { eventType: { name: "a", createTime: { seconds: 1n } }, field: "eventType.createTime" },
])("refuses to create one: $field", async ({ eventType, field }) => {
  const { as } = await it.tenant();
  const request = eventType === undefined ? {} : { eventType };
  expect(await refusalOf(as.eventTypes.createEventType(request))).toEqual({
    reason: "invalid",
    fields: [field],
  });
});

test("lists the catalog by name in byte order, page by page", async () => {
  const { as } = await it.tenant(
    "eventTypes: [{ name: b }, { name: A.x }, { name: a_1 }, { name: a-1 }]",
  );
  const first = await as.eventTypes.listEventTypes({ pageSize: 3 });
  const second = await as.eventTypes.listEventTypes({ pageToken: first.nextPageToken });
  const names = [...first.eventTypes, ...second.eventTypes].map(({ name }) => name);
  expect(names).toEqual(["A.x", "a-1", "a_1", "b"]);
  expect(second.nextPageToken).toBe("");
});

test("changes the fields that the mask names", async () => {
  const { as } = await it.tenant(
    "eventTypes: [{ name: a, group: G, description: D, schema: true }]",
  );
  const updated = await as.eventTypes.updateEventType({
    eventType: { name: "a", group: "H" },
    updateMask: { paths: ["group", "schema"] },
  });
  expect(updated).toMatchObject({ name: "a", group: "H", description: "D" });
  expect(textOf(updated.schema)).toBe("");
  expect(await as.eventTypes.getEventType({ name: "a" })).toEqual(updated);
});

test("leaves revision and time when an update changes nothing", async () => {
  const { as } = await it.tenant("eventTypes: [{ name: a, group: G }]");
  const before = await as.providers.getOwnProvider({});
  await as.eventTypes.updateEventType({ eventType: { name: "a", group: "G" } });
  expect(await as.providers.getOwnProvider({})).toEqual(before);
});

test("refuses a new schema that the present example breaks, and the other way round", async () => {
  const { as } = await it.tenant(
    "eventTypes: [{ name: a, schema: { type: object }, example: {} }]",
  );
  const update = (change: object) =>
    as.eventTypes.updateEventType({ eventType: { name: "a", ...change } });
  expect(await refusalOf(update({ schema: bytes('{"type":"array"}') }))).toEqual({
    reason: "invalid",
    fields: ["eventType.example"],
  });
  expect(await refusalOf(update({ example: bytes("1") }))).toEqual({
    reason: "invalid",
    fields: ["eventType.example"],
  });
});

test.each([
  { paths: ["name"], fields: ["eventType.name"] },
  { paths: ["create_time"], fields: ["eventType.createTime"] },
  { paths: ["colour"], fields: ["updateMask"] },
])("refuses to change $paths", async ({ paths, fields }) => {
  const { as } = await it.tenant("eventTypes: [{ name: a }]");
  const update = { eventType: { name: "a" }, updateMask: { paths } };
  expect(await refusalOf(as.eventTypes.updateEventType(update))).toEqual({
    reason: "invalid",
    fields,
  });
});

test("deletes an event type", async () => {
  const { as } = await it.tenant("eventTypes: [{ name: a }]");
  const before = await as.providers.getOwnProvider({});
  await as.eventTypes.deleteEventType({ name: "a" });
  expect((await as.eventTypes.listEventTypes({})).eventTypes).toEqual([]);
  expect((await as.providers.getOwnProvider({})).revision).toBeGreaterThan(before.revision);
  const refusals = await Promise.all(
    [
      as.eventTypes.deleteEventType({ name: "a" }),
      as.eventTypes.getEventType({ name: "a" }),
      as.eventTypes.updateEventType({ eventType: { name: "a", group: "G" } }),
    ].map(refusalOf),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual(["not_found", "not_found", "not_found"]);
});

test("reads quotes and wildcards as plain names", async () => {
  const { as } = await it.tenant("eventTypes: [{ name: a }]");
  for (const name of ["' OR 1=1--", "%", "_", "\\"]) {
    expect(await refusalOf(as.eventTypes.getEventType({ name }))).toMatchObject({
      reason: "not_found",
    });
  }
});

test("lets workspace keys read the catalog only", async () => {
  const { as } = await it.tenant("eventTypes: [{ name: a }]");
  const { key } = await as.keys.createApiKey({ workspace: "acme", scopes: ["webhooks:read"] });
  const { eventTypes } = it.with(key);
  expect((await eventTypes.listEventTypes({})).eventTypes).toHaveLength(1);
  expect(await eventTypes.getEventType({ name: "a" })).toMatchObject({ name: "a" });
  const refusals = await Promise.all(
    [
      eventTypes.createEventType({ eventType: { name: "b" } }),
      eventTypes.updateEventType({ eventType: { name: "a" } }),
      eventTypes.deleteEventType({ name: "a" }),
    ].map(refusalOf),
  );
  expect(refusals.map(({ reason }) => reason)).toEqual(["forbidden", "forbidden", "forbidden"]);
});

test("keeps label, version, filter and whether previous values are carried", async () => {
  const { as } = await it.tenant();
  const more = { label: "Order changed", version: "2", filter: "event.data.x == 1" };
  const created = await as.eventTypes.createEventType({
    eventType: { name: "a", ...more, hasPrevious: true },
  });
  expect(created).toMatchObject({ ...more, hasPrevious: true });
  const changed = await as.eventTypes.updateEventType({
    eventType: { name: "a", label: "B", hasPrevious: false },
    updateMask: { paths: ["label", "has_previous"] },
  });
  expect(changed).toMatchObject({ ...more, label: "B", hasPrevious: false });
  expect(await as.eventTypes.getEventType({ name: "a" })).toEqual(changed);
});

test("refuses what the provider's envelope cannot spread, and a wrong filter", async () => {
  const { as } = await it.tenant(
    "envelopes: [{ version: v1, fields: [{ name: id, source: EVENT_ID }, { source: DATA, spread: true }] }]",
  );
  const example = bytes('{"id":1}');
  const wrong = { name: "a", example, filter: "event." };
  const refusal = { reason: "invalid", fields: ["eventType.example", "eventType.filter"] };
  const create = (eventType: MessageInitShape<typeof EventTypeSchema>) =>
    as.eventTypes.createEventType({ eventType });
  expect(await refusalOf(create(wrong))).toEqual(refusal);
  await create({ name: "a" });
  expect(await refusalOf(as.eventTypes.updateEventType({ eventType: wrong }))).toEqual(refusal);
});

test("keeps a type that the provider's connections publish", async () => {
  const { as } = await it.tenant(
    "connections: { createdEventType: a }\neventTypes: [{ name: a }, { name: b }]",
  );
  await as.eventTypes.deleteEventType({ name: "b" });
  const refused = as.eventTypes.deleteEventType({ name: "a" });
  expect(await refusalOf(refused)).toEqual({ reason: "precondition", fields: [] });
  const update = { eventType: { name: "a", hasPrevious: true } };
  expect(await refusalOf(as.eventTypes.updateEventType(update))).toEqual({
    reason: "invalid",
    fields: ["eventType.hasPrevious"],
  });
});
