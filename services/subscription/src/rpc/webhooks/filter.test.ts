import type { MessageInitShape } from "@bufbuild/protobuf";
import { AppError } from "@posthorn/errors";
import type { WebhookSchema } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Harness, harness, type Tenant } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

type Draft = MessageInitShape<typeof WebhookSchema>;

const workspace = "acme";
const url = "https://example.com/hook";
const catalog = `eventTypes:
  - name: order.created
    schema: { properties: { status: { type: string }, total: { type: number } } }
  - name: order.status.changed
    schema: { properties: { status: { type: string }, before: { type: string } } }
  - name: free`;
const create = ({ as }: Tenant, webhook: Draft) =>
  as.webhooks.createWebhook({ workspace, webhook: { url, ...webhook } });
const update = ({ as }: Tenant, webhook: Draft, paths: string[] = []) =>
  as.webhooks.updateWebhook({ workspace, webhook, updateMask: { paths } });

/** Gives what a refusal says of the filter; fails when the call is not refused for it alone. */
async function problemsOf(call: Promise<unknown>): Promise<readonly string[]> {
  const error = await call.then(
    () => new Error("not refused"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw error;
  expect(error.reason).toBe("invalid");
  expect(new Set(error.fields.map(({ field }) => field))).toEqual(new Set(["webhook.filter"]));
  return error.fields.map(({ description }) => description);
}

const deep = (depth: number) => `${"(".repeat(depth)}true${")".repeat(depth)}`;
const nested = "[1].all(a, [1].all(b, [1].all(c, a == b && b == c)))";

describe("a filter is refused, in words, when it is written and when it is changed", () => {
  test.each([
    { case: "that does not parse", filter: "event.data.status ==", words: /unexpected/ },
    { case: "that is SQL", filter: "' OR 1=1--", words: /./ },
    { case: "of an unknown name", filter: "evnt.type == 'a'", words: /unknown name evnt.*event/ },
    {
      case: "of an unknown field of the event",
      filter: "event.typ == 'a'",
      words: /no field typ.*did you mean event\.type/,
    },
    {
      case: "of a field that no schema has",
      filter: "event.data.staus == 'PAID'",
      words: /no field staus.*did you mean status/,
    },
    {
      case: "of a field that Posthorn's own events do not have",
      eventTypes: ["posthorn.webhook.*"],
      filter: "event.data.resaon == 'GONE'",
      words: /no field resaon.*did you mean reason/,
    },
    { case: "of an unknown function", filter: "event.type.startWith('a')", words: /startsWith/ },
    { case: "that gives no bool", filter: "event.type", words: /not bool/ },
    { case: "with a pattern", filter: "event.type.matches('(a+)+')", words: /not offered/ },
    { case: "that is nested too deeply", filter: deep(500), words: /deep/ },
    { case: "that may cost too much", filter: nested, words: /nested at most 2/ },
  ])("$case", async ({ eventTypes = ["order.*"], filter, words }) => {
    const tenant = await it.tenant(catalog);
    const [problem] = await problemsOf(create(tenant, { filter, eventTypes }));
    expect(problem).toMatch(words);
    expect(problem).toMatch(/character \d/);
    const created = await create(tenant, { eventTypes });
    const { id } = created;
    expect(await problemsOf(update(tenant, { id, filter }))).toEqual([problem]);
    const read = await tenant.as.webhooks.getWebhook({ workspace, webhook: id });
    expect(read).toEqual({ ...created, secret: "" });
  });
});

test.each([
  {
    case: "a field of one of the types",
    eventTypes: ["order.*"],
    filter: "event.data.total > 1.0",
  },
  { case: "any field of a type without schema", eventTypes: ["free"], filter: "event.data.x" },
  { case: "any field beside such a type", eventTypes: [], filter: "event.data.x == 1" },
  {
    case: "a field of one of posthorn's own types",
    eventTypes: ["posthorn.*"],
    filter: "event.data.reason == 'GONE'",
  },
])("takes $case", async ({ eventTypes, filter }) => {
  const tenant = await it.tenant(catalog);
  expect(await create(tenant, { eventTypes, filter })).toMatchObject({ filter });
});

test("takes any field where events make types", async () => {
  const tenant = await it.tenant(`unknownEventTypes: CREATE\n${catalog}`);
  const filter = "event.data.x == 1";
  expect(await create(tenant, { eventTypes: ["order.*"], filter })).toMatchObject({ filter });
  const known = create(tenant, { eventTypes: ["order.created"], filter });
  expect(await problemsOf(known)).toEqual([expect.stringContaining("no field x")]);
});

test("is checked again when the event types change, and only then", async () => {
  const tenant = await it.tenant(catalog);
  const filter = "event.data.total > 1.0";
  const { id } = await create(tenant, { eventTypes: ["order.created"], filter });
  const moved = { id, eventTypes: ["order.status.changed"] };
  expect(await problemsOf(update(tenant, moved))).toEqual([
    expect.stringContaining("no field total"),
  ]);
  const both = { ...moved, filter: "event.data.before != ''" };
  expect(await update(tenant, both)).toMatchObject(both);
  const schema = Buffer.from('{"properties": {"status": {"type": "string"}}}');
  await tenant.as.eventTypes.updateEventType({
    eventType: { name: "order.status.changed", schema },
  });
  expect(await update(tenant, { id, name: "x" })).toMatchObject({ name: "x" });
  expect(await update(tenant, { id }, ["filter"])).toMatchObject({ filter: "" });
});

test("is told together with what else is wrong", async () => {
  const tenant = await it.tenant(catalog);
  const call = create(tenant, { url: "ftp://x", filter: "event.data.", eventTypes: ["order.*"] });
  const error = await call.catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    fields: [{ field: "webhook.url" }, { field: "webhook.filter" }],
  });
});
