import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { partitionOf } from "@posthorn/bus";
import { invalid } from "@posthorn/errors";
import {
  type WebhookHealth,
  WebhookHealth_BreakerState,
  WebhookHealthSchema,
  type WebhookHealthService,
} from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import { idToUuid, uuidToId } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import type { Database } from "../store/database.ts";
import { type Health, listHealth } from "../store/health.ts";

/** Tells Posthorn's own services how webhooks fare, whichever process sends to them. */
export function webhookHealthService({
  db,
  partitionCount,
}: {
  db: Kysely<Database>;
  partitionCount: number;
}): ServiceImpl<typeof WebhookHealthService> {
  return {
    async getWebhookHealth({ workspaceId, webhookIds }) {
      const workspaceUuid = idToUuid("ws", workspaceId);
      if (workspaceUuid === undefined) throw invalid("workspaceId", "is no workspace id");
      const healths = await listHealth(db, workspaceUuid, {
        partition: partitionOf(workspaceId, partitionCount),
        webhookUuids: webhookIds.flatMap((id) => idToUuid("wh", id) ?? []),
      });
      return { healths: healths.map(toMessage) };
    },
  };
}

function toMessage(health: Health): WebhookHealth {
  return create(WebhookHealthSchema, {
    webhookId: uuidToId("wh", health.webhookUuid),
    breakerState: WebhookHealth_BreakerState[health.breakerState],
    breakerReason: health.breakerReason,
    ...(health.breakerUntil && { breakerUntil: timestampFromDate(health.breakerUntil) }),
    consecutiveFailures: health.consecutiveFailures,
    ...(health.lastSuccessAt && { lastSuccessTime: timestampFromDate(health.lastSuccessAt) }),
    ...(health.lastFailureAt && { lastFailureTime: timestampFromDate(health.lastFailureAt) }),
  });
}
