import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  Webhook_State as State,
  type WebhookSchema,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, refusalOf, type Tenant } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const workspace = "acme";
const url = "https://example.com/";
const oneType = "eventTypeSelection: EXACTLY_ONE\neventTypes: [{ name: a }, { name: b }]";

const create = ({ as }: Tenant, webhook: MessageInitShape<typeof WebhookSchema>) =>
  as.webhooks.createWebhook({ workspace, webhook: { url, ...webhook } });

test.each([
  { case: "none", eventTypes: [] },
  { case: "two", eventTypes: ["a", "b"] },
  { case: "a pattern", eventTypes: ["a.*"] },
])("refuses $case where a webhook names exactly one event type", async ({ eventTypes }) => {
  const tenant = await it.tenant(oneType);
  const refusal = { reason: "invalid", fields: ["webhook.eventTypes"] };
  expect(await refusalOf(create(tenant, { eventTypes }))).toEqual(refusal);
  const { id } = await create(tenant, { eventTypes: ["a"] });
  const update = tenant.as.webhooks.updateWebhook({
    workspace,
    webhook: { id, eventTypes },
    updateMask: { paths: ["event_types"] },
  });
  expect(await refusalOf(update)).toEqual(refusal);
});

test("changes the one event type of a webhook, and all else without naming it", async () => {
  const tenant = await it.tenant(oneType);
  const { id } = await create(tenant, { eventTypes: ["a"] });
  const { webhooks } = tenant.as;
  const changed = await webhooks.updateWebhook({ workspace, webhook: { id, eventTypes: ["b"] } });
  expect(changed.eventTypes).toEqual(["b"]);
  const renamed = await webhooks.updateWebhook({ workspace, webhook: { id, name: "x" } });
  expect(renamed).toMatchObject({ name: "x", eventTypes: ["b"] });
});

test("asks for every field that the provider requires", async () => {
  const tenant = await it.tenant(`
secrets: { custom: true }
webhookFields:
  - { field: url, label: Callback, required: true }
  - { field: name, required: true }
  - { field: eventTypes, required: true }
  - { field: secret, required: true }
  - { field: description }
eventTypes: [{ name: a }]
`);
  expect(await refusalOf(create(tenant, { url: "" }))).toEqual({
    reason: "invalid",
    fields: ["webhook.url", "webhook.name", "webhook.eventTypes", "webhook.secret"],
  });
  const secret = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
  const webhook = { name: "x", eventTypes: ["a"], secret };
  expect(await create(tenant, webhook)).toMatchObject(webhook);
});

test("starts webhooks paused where the provider says so, unless a state is given", async () => {
  const tenant = await it.tenant("webhooksStartPaused: true");
  expect((await create(tenant, {})).state).toBe(State.PAUSED);
  expect((await create(tenant, { state: State.ACTIVE })).state).toBe(State.ACTIVE);
});
