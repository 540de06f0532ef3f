import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { toJson } from "@bufbuild/protobuf";
import {
  Provider_UnknownEventTypes,
  ProviderSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider";
import { Signature_Scheme } from "@posthorn/proto/posthorn/type/v1/policy";
import { newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, jsonFile, refusalOf, yamlFile } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const shipped = new URL("../../../../../deploy/providers/", import.meta.url);
const freshName = () => `p-${newUuid().slice(-12)}`;
const apply = (yaml: string, validateOnly = false) =>
  it.admin.providers.applyProvider({ file: yamlFile(yaml), validateOnly });

test("creates a provider with its catalog and gives its first operator key", async () => {
  const name = freshName();
  const applied = await apply(`
name: ${name}
displayName: Acme
userAgent: acme/2
keyPrefix: acme_
unknownEventTypes: CREATE
workspacesMustExist: true
signatures: [{ scheme: STANDARD }, { scheme: SVIX }]
retryPolicy: { delays: [5s, 0.5s] }
webhooksPerWorkspaceMax: 4
eventTypes:
  - name: b.c
    group: G
    description: D
    schema: { type: object }
    example: { x: 1 }
  - name: a
`);
  expect(applied.changes).toEqual([
    "name",
    "displayName",
    "userAgent",
    "keyPrefix",
    "unknownEventTypes",
    "workspacesMustExist",
    "signatures",
    "retryPolicy",
    "webhooksPerWorkspaceMax",
    "eventTypes.b.c",
    "eventTypes.a",
  ]);
  expect(applied.operatorKey).toMatch(/^acme_[A-Za-z0-9]{28}$/);
  const own = it.with(applied.operatorKey);
  const provider = await own.providers.getOwnProvider({});
  expect(provider).toEqual(applied.provider);
  expect(provider).toMatchObject({
    name,
    displayName: "Acme",
    userAgent: "acme/2",
    keyPrefix: "acme_",
    unknownEventTypes: Provider_UnknownEventTypes.CREATE,
    workspacesMustExist: true,
    signatures: [{ scheme: Signature_Scheme.STANDARD }, { scheme: Signature_Scheme.SVIX }],
    retryPolicy: {
      delays: [
        { seconds: 5n, nanos: 0 },
        { seconds: 0n, nanos: 500_000_000 },
      ],
    },
    webhooksPerWorkspaceMax: 4,
    eventTypes: [],
  });
  const { eventTypes } = await own.eventTypes.listEventTypes({});
  expect(eventTypes.map((eventType) => eventType.name)).toEqual(["a", "b.c"]);
  expect(new TextDecoder().decode(eventTypes[1]?.schema)).toBe('{"type":"object"}');
  expect(new TextDecoder().decode(eventTypes[1]?.example)).toBe('{"x":1}');
});

test("changes nothing when the same file is applied again", async () => {
  const yaml = `name: ${freshName()}\nretryPolicy: { delays: [5s] }\neventTypes: [{ name: a }]`;
  const first = await apply(yaml);
  const second = await apply(yaml);
  expect(second.changes).toEqual([]);
  expect(second.operatorKey).toBe("");
  expect(second.provider).toEqual(first.provider);
});

test("names what a changed file changes, raises the revision, and keeps what it leaves out", async () => {
  const name = freshName();
  const first = await apply(`name: ${name}\neventTypes: [{ name: a }, { name: b }]`);
  const second = await apply(`name: ${name}\nuserAgent: x\neventTypes: [{ name: b, group: G }]`);
  expect(second.changes).toEqual(["userAgent", "eventTypes.b"]);
  expect(Number(second.provider?.revision)).toBeGreaterThan(Number(first.provider?.revision));
  const { eventTypes } = await it.with(first.operatorKey).eventTypes.listEventTypes({});
  expect(eventTypes).toMatchObject([{ name: "a" }, { name: "b", group: "G" }]);
});

test("raises the revision for a change of the catalog alone", async () => {
  const name = freshName();
  const first = await apply(`name: ${name}`);
  const second = await apply(`name: ${name}\neventTypes: [{ name: a }]`);
  expect(Number(second.provider?.revision)).toBeGreaterThan(Number(first.provider?.revision));
});

test("takes a setting back to its default when the file leaves it out", async () => {
  const name = freshName();
  await apply(`name: ${name}\nretryPolicy: { delays: [] }\nwebhooksPerWorkspaceMax: 3`);
  const { changes, provider } = await apply(`name: ${name}`);
  expect(changes).toEqual(["retryPolicy", "webhooksPerWorkspaceMax"]);
  expect(provider?.retryPolicy).toBeUndefined();
});

test("only tells what would change when asked to validate", async () => {
  const name = freshName();
  const preview = await apply(`name: ${name}\neventTypes: [{ name: a }]`, true);
  expect(preview).toMatchObject({ changes: ["name", "eventTypes.a"], operatorKey: "" });
  expect(await refusalOf(it.admin.providers.getProvider({ provider: name }))).toEqual({
    reason: "not_found",
    fields: [],
  });
  const { provider } = await apply(`name: ${name}`);
  const second = await apply(`name: ${name}\nuserAgent: x`, true);
  expect(second).toMatchObject({ changes: ["userAgent"], provider: { userAgent: "x" } });
  expect(await it.admin.providers.getProvider({ provider: name })).toEqual(provider);
});

test("refuses policies that event types do not fit which stay as they are", async () => {
  const name = freshName();
  const eventTypes =
    "eventTypes: [{ name: a, example: { id: 1 } }, { name: b, hasPrevious: true }]";
  await apply(`name: ${name}\n${eventTypes}`);
  const changed = apply(`name: ${name}
envelopes:
  - { version: v1, fields: [{ name: id, source: EVENT_ID }, { source: DATA, spread: true }] }
connections: { createdEventType: b, eventData: [{ name: of, source: CONNECTION_ID }] }
${eventTypes}`);
  expect(await refusalOf(changed)).toEqual({
    reason: "invalid",
    fields: ["eventTypes[0].example", "eventTypes[1].hasPrevious"],
  });
});

test("keeps the bytes of schemas and examples of a JSON file", async () => {
  const schema = '{ "type" : "object",  "x": 1.50e2 }';
  const example = '{"id": 123456789012345678901234567890, "b":1,"a":2}';
  const file = jsonFile(
    `{"name":"${freshName()}","eventTypes":[{"name":"a","schema":${schema},"example": ${example} }]}`,
  );
  const { operatorKey } = await it.admin.providers.applyProvider({ file });
  const eventType = await it.with(operatorKey).eventTypes.getEventType({ name: "a" });
  expect(new TextDecoder().decode(eventType.schema)).toBe(schema);
  expect(new TextDecoder().decode(eventType.example)).toBe(example);
});

test("makes one provider, with one key, of ten applications at once", async () => {
  const yaml = `name: ${freshName()}\neventTypes: [{ name: a }]`;
  await it.warm();
  const applied = await Promise.all(Array.from({ length: 10 }, () => apply(yaml)));
  expect(applied.filter(({ operatorKey }) => operatorKey !== "")).toHaveLength(1);
  expect(applied.filter(({ changes }) => changes.length > 0)).toHaveLength(1);
});

test.each([
  { case: "an unknown field", yaml: "colour: red", fields: ["colour"] },
  {
    case: "every unknown field at any depth",
    yaml: "colour: red\neventTypes: [{ name: a, shema: {} }]\nretryPolicy: { waits: [] }",
    fields: ["colour", "eventTypes[0].shema", "retryPolicy.waits"],
  },
  {
    case: "fields of the wrong type",
    yaml: "displayName: [1]\nwebhooksPerWorkspaceMax: many\nretryPolicy: { delays: [5] }",
    fields: ["displayName", "webhooksPerWorkspaceMax", "retryPolicy.delays"],
  },
  { case: "a list that is none", yaml: "eventTypes: a", fields: ["eventTypes"] },
  { case: "an element that is no object", yaml: "eventTypes: [a]", fields: ["eventTypes[0]"] },
  { case: "an unknown enum value", yaml: "unknownEventTypes: KEEP", fields: ["unknownEventTypes"] },
  {
    case: "what the annotations refuse",
    yaml: "keyPrefix: X\neventTypes: [{ name: a..b }]",
    fields: ["keyPrefix", "eventTypes[0].name"],
  },
  {
    case: "fields that only posthorn sets",
    yaml: 'revision: 3\ncreateTime: "2026-01-01T00:00:00Z"\neventTypes: [{ name: a, updateTime: "2026-01-01T00:00:00Z" }]',
    fields: ["revision", "createTime", "eventTypes[0].updateTime"],
  },
  {
    case: "waits over 14 days",
    yaml: `retryPolicy: { delays: [${Array(15).fill("86400s")}] }`,
    fields: ["retryPolicy.delays"],
  },
  {
    case: "a wait over 24 hours",
    yaml: "retryPolicy: { delays: [86401s] }",
    fields: ["retryPolicy.delays[0]"],
  },
  {
    case: "a type or a scheme named twice",
    yaml: "eventTypes: [{ name: a }, { name: a }]\nsignatures: [{ scheme: SVIX }, { scheme: SVIX }]",
    fields: ["signatures[1].scheme", "eventTypes[1].name"],
  },
  {
    case: "types under a name of posthorn's own",
    yaml: "eventTypes: [{ name: posthorn }, { name: posthorn.webhook.disabled }]",
    fields: ["eventTypes[1].name"],
  },
  {
    case: "schemas and examples that are wrong",
    yaml: `eventTypes:
  - { name: a, schema: { type: strin } }
  - { name: b, schema: { $ref: "https://example.com/x" } }
  - { name: c, schema: { type: object }, example: 1 }`,
    fields: ["eventTypes[0].schema", "eventTypes[1].schema", "eventTypes[2].example"],
  },
  {
    case: "envelopes that clash, with themselves and with what they spread",
    yaml: `envelopes:
  - { version: v1, fields: [{ source: DATA, spread: true }, { name: id, source: EVENT_ID }] }
  - { version: v1, fields: [{ name: a, source: TIME }, { name: a, source: DATA }] }
eventTypes: [{ name: a, example: { id: 1 } }, { name: b, example: 1 }]`,
    fields: ["envelopes[1].version", "envelopes[1].fields[1].name"],
  },
  {
    case: "examples that a spread has no room for, and wrong filters",
    yaml: `envelopes:
  - { version: v1, fields: [{ source: DATA, spread: true }, { name: id, source: EVENT_ID }] }
eventTypes:
  - { name: a, example: { id: 1 } }
  - { name: b, example: 1 }
  - { name: c, filter: "event.nothing" }`,
    fields: ["eventTypes[0].example", "eventTypes[1].example", "eventTypes[2].filter"],
  },
  {
    case: "policies that say against each other",
    yaml: `signatures: [{ scheme: HMAC, header: X-A }]
secrets: { rotation: OVERLAP }
eventTypeSelection: EXACTLY_ONE
webhookFields: [{ field: url, required: true }, { field: secret }]
connections: { createdEventType: a }`,
    fields: [
      "secrets.rotation",
      "webhookFields[1].field",
      "webhookFields",
      "connections.createdEventType",
    ],
  },
  {
    case: "values that the annotations do not know",
    yaml: `compat: svix
envelopes: [{ version: "", fields: [{ name: a }] }]
webhookFields: [{ label: x }]`,
    fields: [
      "envelopes[0].version",
      "envelopes[0].fields[0].source",
      "webhookFields[0].field",
      "compat",
    ],
  },
  { case: "U+0000", yaml: 'displayName: "a\\0"', fields: ["displayName"] },
])("refuses $case", async ({ yaml, fields }) => {
  const name = freshName();
  expect(await refusalOf(apply(`name: ${name}\n${yaml}`))).toEqual({ reason: "invalid", fields });
});

test.each([
  { case: "no file", file: undefined, refusal: { reason: "invalid", fields: ["file"] } },
  { case: "a list", file: yamlFile("[]"), refusal: { reason: "invalid", fields: ["file"] } },
  { case: "an empty file", file: yamlFile(""), refusal: { reason: "invalid", fields: ["file"] } },
  { case: "no name", file: yamlFile("{}"), refusal: { reason: "invalid", fields: ["name"] } },
  {
    case: "another content type",
    file: { contentType: "text/html", data: new Uint8Array() },
    refusal: { reason: "invalid", fields: ["file.contentType"] },
  },
  {
    case: "more than 4 MiB",
    file: yamlFile(`name: a\n#${"x".repeat(4 * 1_024 * 1_024)}`),
    refusal: { reason: "too_large", fields: [] },
  },
])("refuses $case", async ({ file, refusal }) => {
  const request = file === undefined ? {} : { file };
  expect(await refusalOf(it.admin.providers.applyProvider(request))).toEqual(refusal);
});

test("applies the demo provider that is shipped", async () => {
  const data = await readFile(new URL("demo.yaml", shipped));
  const file = { contentType: "application/yaml", data };
  const { operatorKey, provider } = await it.admin.providers.applyProvider({ file });
  expect(provider).toMatchObject({
    name: "demo",
    displayName: "Demo",
    unknownEventTypes: Provider_UnknownEventTypes.REFUSE,
  });
  const { eventTypes } = await it.with(operatorKey).eventTypes.listEventTypes({});
  expect(eventTypes.map((eventType) => eventType.name)).toEqual([
    "invoice.paid",
    "order.created",
    "order.status.changed",
  ]);
  const incomplete = eventTypes.filter(
    ({ group, description, schema, example }) =>
      group === "" || description === "" || schema.length === 0 || example.length === 0,
  );
  expect(incomplete).toEqual([]);
});

test("keeps every policy of a file, and answers with it", async () => {
  const { operatorKey } = await apply(`
name: ${freshName()}
envelopes:
  - { version: v1 }
  - { version: v2, fields: [{ name: at, source: TIME }, { name: x, source: TEXT, text: "y" }] }
secrets: { readable: true, custom: true, rotation: AT_ONCE }
eventTypeSelection: EXACTLY_ONE
webhookFields:
  - { field: url, label: Callback, required: true, description: Where to send. }
  - { field: eventTypes, required: true }
webhooksStartPaused: true
connections: { required: true, firstSyncEventTypes: [a.*], createdEventType: a.b }
compat: tracktile
eventTypes: [{ name: a.b }]
`);
  const provider = await it.with(operatorKey).providers.getOwnProvider({});
  expect(toJson(ProviderSchema, provider)).toMatchObject({
    envelopes: [
      { version: "v1" },
      {
        version: "v2",
        fields: [
          { name: "at", source: "TIME" },
          { name: "x", source: "TEXT", text: "y" },
        ],
      },
    ],
    secrets: { readable: true, custom: true, rotation: "AT_ONCE" },
    eventTypeSelection: "EXACTLY_ONE",
    webhookFields: [
      { field: "url", label: "Callback", required: true, description: "Where to send." },
      { field: "eventTypes", required: true },
    ],
    webhooksStartPaused: true,
    connections: { required: true, firstSyncEventTypes: ["a.*"], createdEventType: "a.b" },
    compat: "tracktile",
  });
});

test.each(readdirSync(shipped).filter((name) => name.endsWith(".yaml")))(
  "applies %s, which is shipped, and changes nothing the second time",
  async (path) => {
    const data = await readFile(new URL(path, shipped));
    const file = { contentType: "application/yaml", data };
    const first = await it.admin.providers.applyProvider({ file });
    const second = await it.admin.providers.applyProvider({ file });
    expect(second).toMatchObject({ changes: [], diff: [], breaking: [] });
    expect(second.provider).toEqual(first.provider);
  },
);

test("lists providers by name, page by page", async () => {
  await it.tenant();
  await it.tenant();
  const all = await it.admin.providers.listProviders({ pageSize: 250 });
  const names = all.providers.map((provider) => provider.name);
  expect(names).toEqual([...names].sort());
  const first = await it.admin.providers.listProviders({ pageSize: 2 });
  const pageToken = first.nextPageToken;
  const second = await it.admin.providers.listProviders({ pageSize: 250, pageToken });
  expect([...first.providers, ...second.providers]).toEqual(all.providers);
  expect(second.nextPageToken).toBe("");
});

test("changes the settings of one's own provider that the mask names", async () => {
  const { as, provider: name } = await it.tenant("displayName: Before\nuserAgent: before/1");
  const before = await as.providers.getOwnProvider({});
  const after = await as.providers.updateOwnProvider({
    provider: {
      displayName: "After",
      userAgent: "",
      webhooksPerWorkspaceMax: 9,
      retryPolicy: { delays: [{ seconds: 7n }] },
      unknownEventTypes: Provider_UnknownEventTypes.CREATE,
      workspacesMustExist: true,
    },
    updateMask: {
      paths: ["display_name", "user_agent", "retry_policy", "unknown_event_types"],
    },
  });
  expect(after).toMatchObject({
    name,
    displayName: "After",
    userAgent: "",
    webhooksPerWorkspaceMax: 0,
    retryPolicy: { delays: [{ seconds: 7n }] },
    unknownEventTypes: Provider_UnknownEventTypes.CREATE,
    workspacesMustExist: false,
  });
  expect(after.revision).toBeGreaterThan(before.revision);
  expect(await as.providers.getOwnProvider({})).toEqual(after);
});

test("leaves the revision when an update changes nothing", async () => {
  const { as } = await it.tenant("displayName: Same");
  const before = await as.providers.getOwnProvider({});
  const after = await as.providers.updateOwnProvider({ provider: { displayName: "Same" } });
  expect(after).toEqual(before);
});

test.each([
  { provider: { keyPrefix: "x_" }, field: "provider.keyPrefix" },
  { provider: { name: "x" }, field: "provider.name" },
  { provider: { revision: 9n }, field: "provider.revision" },
  { provider: { webhooksPerWorkspaceMax: 1_001 }, field: "provider.webhooksPerWorkspaceMax" },
  { provider: { userAgent: "ä" }, field: "provider.userAgent" },
  { provider: { displayName: "\u0000" }, field: "provider.displayName" },
  {
    provider: { retryPolicy: { delays: Array.from({ length: 15 }, () => ({ seconds: 86_400n })) } },
    field: "provider.retryPolicy.delays",
  },
])("refuses an update of $field", async ({ provider, field }) => {
  const { as } = await it.tenant();
  expect(await refusalOf(as.providers.updateOwnProvider({ provider }))).toEqual({
    reason: "invalid",
    fields: [field],
  });
});

test("refuses an update without a provider", async () => {
  const { as } = await it.tenant();
  expect(await refusalOf(as.providers.updateOwnProvider({}))).toEqual({
    reason: "invalid",
    fields: ["provider"],
  });
});

test("deletes a provider only when its workspaces are gone, with its keys", async () => {
  const { provider, as, workspaceId } = await it.tenant();
  expect(await refusalOf(it.admin.providers.deleteProvider({ provider }))).toEqual({
    reason: "precondition",
    fields: [],
  });
  await as.workspaces.deleteWorkspace({ workspace: workspaceId });
  await it.admin.providers.deleteProvider({ provider });
  expect(await refusalOf(as.providers.getOwnProvider({}))).toMatchObject({
    reason: "unauthenticated",
  });
  expect(await refusalOf(it.admin.providers.deleteProvider({ provider }))).toMatchObject({
    reason: "not_found",
  });
});

test("never repeats a revision when a provider is made again under its name", async () => {
  const name = freshName();
  const { provider } = await apply(`name: ${name}`);
  await it.admin.providers.deleteProvider({ provider: name });
  const again = await apply(`name: ${name}`);
  expect(Number(again.provider?.revision)).toBeGreaterThan(Number(provider?.revision));
});

test("keeps operators from what is the administrator's, and the other way round", async () => {
  const { as, provider } = await it.tenant();
  const calls = [
    as.providers.applyProvider({ file: yamlFile("name: x") }),
    as.providers.listProviders({}),
    as.providers.getProvider({ provider }),
    as.providers.deleteProvider({ provider }),
    it.admin.providers.getOwnProvider({}),
    it.admin.providers.updateOwnProvider({ provider: { displayName: "x" } }),
  ];
  const refusals = await Promise.all(calls.map(refusalOf));
  expect(new Set(refusals.map(({ reason }) => reason))).toEqual(new Set(["forbidden"]));
});
