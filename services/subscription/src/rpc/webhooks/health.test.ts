import type { MessageInitShape } from "@bufbuild/protobuf";
import { createRouterTransport } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import {
  WebhookHealth_BreakerState,
  type WebhookHealthSchema,
  WebhookHealthService,
} from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import { Webhook_Breaker_State } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Harness, harness, type Tenant } from "../../../test/harness.ts";

type Health = MessageInitShape<typeof WebhookHealthSchema>;
type Answer = () => Promise<Health[]>;

/** Delivery, as far as subscription asks it. */
const delivery = {
  answer: (async () => []) as Answer,
  calls: [] as { workspaceId: string; webhookIds: string[] }[],
};

let it: Harness;

beforeAll(async () => {
  it = await harness({
    delivery: createRouterTransport(({ service }) =>
      service(WebhookHealthService, {
        async getWebhookHealth({ workspaceId, webhookIds }) {
          delivery.calls.push({ workspaceId, webhookIds });
          return { healths: await delivery.answer() };
        },
      }),
    ),
  });
});

afterEach(() => {
  delivery.answer = async () => [];
});

afterAll(() => it.close());

const workspace = "acme";
const create = ({ as }: Tenant) =>
  as.webhooks.createWebhook({ workspace, webhook: { url: "https://example.com/" } });
const at = (seconds: number) => ({ seconds: BigInt(seconds), nanos: 0 });

const failing = (webhookId: string): Health => ({
  webhookId,
  breakerState: WebhookHealth_BreakerState.OPEN,
  breakerReason: "10 attempts in a row were not answered",
  breakerUntil: at(1_900_000_000),
  consecutiveFailures: 10,
  lastSuccessTime: at(1_700_000_000),
  lastFailureTime: at(1_800_000_000),
});

const shownFailing = {
  breaker: {
    state: Webhook_Breaker_State.OPEN,
    reason: "10 attempts in a row were not answered",
    until: at(1_900_000_000),
  },
  consecutiveFailures: 10,
  lastSuccessTime: at(1_700_000_000),
  lastFailureTime: at(1_800_000_000),
};

test("shows how a webhook fares when it is read, listed, changed and rotated", async () => {
  const tenant = await it.tenant();
  const { webhooks } = tenant.as;
  const { id } = await create(tenant);
  delivery.answer = async () => [failing(id)];
  const listed = await webhooks.listWebhooks({ workspace });
  const shown = [
    await webhooks.getWebhook({ workspace, webhook: id }),
    listed.webhooks[0],
    await webhooks.updateWebhook({ workspace, webhook: { id, name: "x" } }),
    await webhooks.updateWebhook({ workspace, webhook: { id, name: "x" } }),
    await webhooks.rotateWebhookSecret({ workspace, webhook: id }),
  ];
  for (const webhook of shown) expect(webhook).toMatchObject(shownFailing);
  expect(shown.at(-1)?.secret).toMatch(/^whsec_/);
});

test("asks once for a whole page, and not at all for an empty one or a new webhook", async () => {
  const tenant = await it.tenant();
  const { webhooks } = tenant.as;
  const before = delivery.calls.length;
  await webhooks.listWebhooks({ workspace });
  const first = await create(tenant);
  const second = await create(tenant);
  expect(delivery.calls).toHaveLength(before);
  delivery.answer = async () => [failing(first.id)];
  const listed = await webhooks.listWebhooks({ workspace });
  expect(delivery.calls.slice(before)).toEqual([
    { workspaceId: tenant.workspaceId, webhookIds: [second.id, first.id] },
  ]);
  expect(listed.webhooks).toMatchObject([{ consecutiveFailures: 0 }, shownFailing]);
});

test("shows a webhook that was never sent to as well", async () => {
  const tenant = await it.tenant();
  const { id } = await create(tenant);
  const read = await tenant.as.webhooks.getWebhook({ workspace, webhook: id });
  expect(read).toMatchObject({
    breaker: { state: Webhook_Breaker_State.CLOSED, reason: "" },
    consecutiveFailures: 0,
  });
  expect(read.breaker?.until).toBeUndefined();
  expect(read.lastSuccessTime).toBeUndefined();
  expect(read.lastFailureTime).toBeUndefined();
});

describe("a webhook is shown without its health", () => {
  test.each<{ case: string; answer: Answer }>([
    {
      case: "while delivery is away",
      answer: () => Promise.reject(toConnectError(new AppError("unavailable", "away"), "test")),
    },
    { case: "while delivery fails", answer: () => Promise.reject(new Error("a defect")) },
    { case: "when delivery does not answer in time", answer: () => new Promise(() => {}) },
  ])("$case", async ({ answer }) => {
    const tenant = await it.tenant();
    const created = await create(tenant);
    const webhook = created.id;
    delivery.answer = answer;
    const { webhooks } = tenant.as;
    const read = await webhooks.getWebhook({ workspace, webhook });
    expect(read).toEqual({ ...created, secret: "" });
    expect(read.consecutiveFailures).toBeUndefined();
    const listed = await webhooks.listWebhooks({ workspace });
    expect(listed.webhooks).toEqual([read]);
    const updated = await webhooks.updateWebhook({
      workspace,
      webhook: { id: webhook, name: "x" },
    });
    expect(updated.breaker).toBeUndefined();
    delivery.answer = async () => [failing(webhook)];
    expect(await webhooks.getWebhook({ workspace, webhook })).toMatchObject(shownFailing);
  });
});
