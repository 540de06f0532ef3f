import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client, ServiceImpl } from "@connectrpc/connect";
import { partitionOf } from "@posthorn/bus";
import type { egress } from "@posthorn/egress";
import { AppError, invalid } from "@posthorn/errors";
import {
  TestReportSchema,
  type WebhookTestService,
} from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
import type {
  CatalogEventType,
  SubscriptionSyncService,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { workspaceIdOf } from "@posthorn/rpc";
import { dayOf, idToUuid, newUuid, type Tracing, uuidToId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { pinOf } from "../domain/envelope.ts";
import type { EventOrigin } from "../domain/event-origin.ts";
import { exampleOrigin } from "../domain/example-origin.ts";
import { chooseTestTypes } from "../domain/test-types.ts";
import type { Database } from "../store/database.ts";
import type { NewAttempt } from "../store/result.ts";
import { insertTestRun } from "../store/tests.ts";
import { attempt } from "../workers/attempt.ts";
import type { Days } from "../workers/days.ts";
import type {
  KnownProvider,
  KnownWebhook,
  KnownWorkspace,
  Subscriptions,
} from "../workers/subscriptions.ts";
import { toWorkspaceUuid } from "./delivery-service.ts";
import { toAttemptMessage } from "./messages.ts";

export interface WebhookTestServiceDeps {
  readonly db: Kysely<Database>;
  readonly send: ReturnType<typeof egress>["send"];
  readonly subscriptions: Subscriptions;
  readonly subscription: Client<typeof SubscriptionSyncService>;
  readonly days: Days;
  readonly partitionCount: number;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  readonly now: () => Date;
}

interface Target {
  readonly workspace: KnownWorkspace;
  readonly provider: KnownProvider;
  readonly webhook: KnownWebhook;
}

/** Sends example events at once, from the process that was asked, and reports what came of them. */
export function webhookTestService(
  deps: WebhookTestServiceDeps,
): ServiceImpl<typeof WebhookTestService> {
  return {
    async testWebhook(request, context) {
      const startedAt = deps.now();
      const target = await requireTarget(deps, workspaceIdOf(context), request.webhook);
      const { catalog } = await deps.subscription.syncCatalog({ provider: target.provider.name });
      const catalogTypes = catalog?.eventTypes ?? [];
      const names = chooseTestTypes(request.eventTypes, target.webhook.eventTypes, catalogTypes);
      if ("problem" in names) throw invalid("eventTypes", names.problem);
      const byName = new Map(catalogTypes.map((type) => [type.name, type]));
      const tests = await Promise.all(
        names.types.map((name) => {
          const type = byName.get(name);
          const needsConnection = catalog?.needsConnection ?? false;
          const { hasPrevious = false, reserved = false } = type ?? {};
          const origin = exampleOrigin({
            needsConnection: needsConnection && !reserved,
            hasPrevious,
          });
          return runTest(deps, target, name, { type, origin });
        }),
      );
      const succeeded = tests.filter((test) => test.succeeded).length;
      return create(TestReportSchema, {
        startTime: timestampFromDate(startedAt),
        testsRun: tests.length,
        testsSucceeded: succeeded,
        testsFailed: tests.length - succeeded,
        tests,
      });
    },
  };
}

async function requireTarget(
  { subscriptions }: WebhookTestServiceDeps,
  workspaceId: string,
  webhookId: string,
): Promise<Target> {
  const workspace = await subscriptions.current(toWorkspaceUuid(workspaceId));
  const webhook = workspace.webhooks.get(idToUuid("wh", webhookId) ?? "");
  if (!webhook || !workspace.provider) {
    throw new AppError("not_found", `webhook ${webhookId} not found`);
  }
  return { workspace, webhook, provider: workspace.provider };
}

async function runTest(
  deps: WebhookTestServiceDeps,
  { workspace, webhook, provider }: Target,
  eventType: string,
  { type, origin }: { type: CatalogEventType | undefined; origin: EventOrigin },
) {
  const now = deps.now();
  const data = type && type.example.length > 0 ? type.example : Buffer.from("{}");
  const uuid = newUuid(now.getTime());
  const time = now.toISOString();
  const { envelope } = webhook;
  const event = { uuid, type: eventType, data, time, traceparent: "", envelope, ...origin };
  const { tracing } = deps;
  const made = await attempt(deps.send, { event, webhook, provider, number: 1, now, tracing });
  const day = dayOf(uuid);
  await deps.days.ensure(new Set([day]));
  const deliveryUuid = newUuid(now.getTime());
  await insertTestRun(deps.db, {
    day,
    partition: partitionOf(workspace.id, deps.partitionCount),
    provider: provider.name,
    workspaceUuid: workspace.uuid,
    webhookUuid: webhook.uuid,
    eventUuid: uuid,
    eventType,
    data,
    time,
    deliveryUuid,
    pin: pinOf(envelope),
    origin,
    attempt: made,
  });
  const shown = toAttemptMessage(
    toAttempt(made, { deliveryUuid, eventUuid: uuid, eventType, webhook }),
    { kind: "none" },
    now,
  );
  return { eventType, succeeded: made.outcome === "SUCCEEDED", attempt: shown };
}

function toAttempt(
  made: NewAttempt,
  key: { deliveryUuid: string; eventUuid: string; eventType: string; webhook: KnownWebhook },
) {
  const { uuid, ...rest } = made;
  return {
    ...rest,
    id: uuidToId("att", uuid),
    deliveryId: uuidToId("dlv", key.deliveryUuid),
    eventId: uuidToId("evt", key.eventUuid),
    eventType: key.eventType,
    webhookId: key.webhook.id,
  };
}
