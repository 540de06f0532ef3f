import type { ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import type { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import { unwrapDataKey } from "@posthorn/sealing";
import { deleteWebhook, getWebhook, listWebhooks } from "../../store/webhooks.ts";
import { lockWorkspace, raiseVersion } from "../../store/workspaces.ts";
import type { Deps } from "../deps.ts";
import { readPage } from "../page.ts";
import { requireFound, requireProvider } from "../require.ts";
import { readSecret } from "./change-secret.ts";
import { createWebhook } from "./create-webhook.ts";
import { rotateWebhookSecret } from "./rotate-secret.ts";
import { showWebhook, showWebhooks } from "./shown.ts";
import { updateWebhook } from "./update-webhook.ts";

/** The handlers of WebhookService. */
export function webhookService(deps: Deps): ServiceImpl<typeof WebhookService> {
  const { db, masterKey, pageTokens } = deps;
  return {
    createWebhook: (request, context) => createWebhook(deps, request, context),
    updateWebhook: (request, context) => updateWebhook(deps, request, context),
    rotateWebhookSecret: (request, context) => rotateWebhookSecret(deps, request, context),

    async getWebhook({ webhook: webhookId }, context) {
      const workspaceId = workspaceIdOf(context);
      const found = await getWebhook(db, { workspaceId, webhookId });
      return await showWebhook(deps, context, requireFound(found, "webhook", webhookId));
    },

    async getWebhookSecret({ webhook: webhookId }, context) {
      const key = { workspaceId: workspaceIdOf(context), webhookId };
      requireFound(await getWebhook(db, key), "webhook", webhookId);
      const provider = await requireProvider(db, principalOf(context).provider);
      if (!provider.secrets.readable) {
        throw new AppError("precondition", "the provider's policy does not let secrets be read");
      }
      const dataKey = unwrapDataKey(masterKey, provider.wrappedDataKey);
      return { secret: await readSecret(db, key, dataKey) };
    },

    async listWebhooks(request, context) {
      const workspaceId = workspaceIdOf(context);
      const { items, nextPageToken } = await readPage({
        tokens: pageTokens,
        scope: `webhooks of ${workspaceId}`,
        request,
        list: (before, countMax) => listWebhooks(db, { workspaceId, before, countMax }),
        positionOf: (webhook) => webhook.id,
      });
      const webhooks = await showWebhooks(deps, context, items);
      return { webhooks, nextPageToken };
    },

    async deleteWebhook({ webhook: webhookId }, context) {
      const workspaceId = workspaceIdOf(context);
      await transaction(db, async (tx) => {
        await lockWorkspace(tx, workspaceId);
        if (!(await deleteWebhook(tx, { workspaceId, webhookId }))) {
          throw new AppError("not_found", `webhook ${webhookId} was not found`);
        }
        await raiseVersion(tx, workspaceId);
      });
      return {};
    },
  };
}
