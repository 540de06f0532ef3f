import { create } from "@bufbuild/protobuf";
import { invalid } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import {
  type DisableWebhookRequest,
  type DisableWebhookResponse,
  DisableWebhookResponseSchema,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { Webhook_DisabledReason } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { idToUuid } from "@posthorn/runtime";
import { isStillToDisable } from "../../domain/disabling.ts";
import type { DisabledReason } from "../../domain/webhook.ts";
import { getWebhook, updateWebhook } from "../../store/webhooks.ts";
import { raiseVersion, tryLockWorkspace } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";

/**
 * Disables a webhook unless its url or state changed since the version that the reason was seen
 * under, or it is gone. Idempotent.
 */
export async function disableWebhook(
  { db }: Deps,
  request: DisableWebhookRequest,
): Promise<DisableWebhookResponse> {
  const { workspaceId, webhookId, webhookVersion } = request;
  const disabledReason = toReason(request.reason);
  if (disabledReason === undefined) throw invalid("reason", "is required");
  if (idToUuid("ws", workspaceId) === undefined) {
    throw invalid("workspaceId", "is no workspace id");
  }
  const disabled = await transaction(db, async (tx) => {
    if (!(await tryLockWorkspace(tx, workspaceId))) return false;
    const webhook = await getWebhook(tx, { workspaceId, webhookId });
    if (webhook === undefined || !isStillToDisable(webhook, webhookVersion)) return false;
    const version = await raiseVersion(tx, workspaceId);
    const settings = { ...webhook, state: "DISABLED", disabledReason } as const;
    await updateWebhook(tx, { workspaceId, webhookId, version }, settings);
    return true;
  });
  return create(DisableWebhookResponseSchema, { disabled });
}

function toReason(reason: Webhook_DisabledReason): DisabledReason | undefined {
  switch (reason) {
    case Webhook_DisabledReason.DISABLED_REASON_UNSPECIFIED:
      return undefined;
    case Webhook_DisabledReason.GONE:
      return "GONE";
    case Webhook_DisabledReason.FAILING:
      return "FAILING";
  }
  return undefined; // newer than this process
}
