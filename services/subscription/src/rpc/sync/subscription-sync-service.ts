import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { AppError, invalid } from "@posthorn/errors";
import type { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { Level } from "@posthorn/proto/posthorn/type/v1/options";
import { wholeEnvelopes } from "../../domain/envelope.ts";
import { getKeyByHash } from "../../store/api-keys.ts";
import { listKnownConnections } from "../../store/connections.ts";
import { getEnvelopes } from "../../store/envelopes.ts";
import { resolveWorkspace } from "../authority.ts";
import type { Deps } from "../deps.ts";
import { toEnvelopeMessage } from "../providers/policy-messages.ts";
import { requireFound } from "../require.ts";
import { addEventType } from "./add-event-type.ts";
import { disableWebhook } from "./disable-webhook.ts";
import { syncCatalog } from "./sync-catalog.ts";
import { syncSubscriptions } from "./sync-subscriptions.ts";

const levels = { admin: Level.ADMIN, operator: Level.OPERATOR, workspace: Level.WORKSPACE };

const connectionKeysMax = 1_000;

/** The handlers of SubscriptionSyncService: what the other services ask. */
export function subscriptionSyncService(deps: Deps): ServiceImpl<typeof SubscriptionSyncService> {
  const { db } = deps;
  return {
    addEventType: (request) => addEventType(deps, request),
    disableWebhook: (request) => disableWebhook(deps, request),
    syncCatalog: (request) => syncCatalog(deps, request),
    syncSubscriptions: (request) => syncSubscriptions(deps, request),

    async checkKey({ keySha256 }) {
      const key = await getKeyByHash(db, keySha256);
      if (key === undefined) {
        throw new AppError("not_found", "the key is unknown, revoked or expired");
      }
      return {
        keyId: key.id,
        level: levels[key.level],
        provider: key.provider ?? "",
        workspaceId: key.workspaceId ?? "",
        scopes: [...key.scopes],
        compat: key.compat,
        expireTime: key.expireAt && timestampFromDate(key.expireAt),
      };
    },

    async getEnvelopes({ provider, revision }) {
      const found = await getEnvelopes(db, { provider, revision });
      const envelopes = requireFound(found, `envelopes of provider ${provider}`, `${revision}`);
      return { envelopes: wholeEnvelopes(envelopes).map(toEnvelopeMessage) };
    },

    async getConnections({ keys }) {
      if (keys.length > connectionKeysMax) {
        throw invalid("keys", `names more than ${connectionKeysMax}`);
      }
      const connections = await listKnownConnections(db, keys);
      return {
        connections: connections.map(({ isDeleted, firstSyncCompletedAt: end, ...known }) => ({
          ...known,
          deleted: isDeleted,
          firstSyncCompleteTime: end && timestampFromDate(end),
        })),
      };
    },

    async resolveWorkspace({ provider, workspace, createIfMissing }) {
      const found = await resolveWorkspace(db, { provider, workspace, create: createIfMissing });
      return { workspaceId: requireFound(found, "workspace", workspace) };
    },
  };
}
