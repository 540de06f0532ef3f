import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { invalid } from "@posthorn/errors";
import {
  type ProviderSnapshotSchema,
  type SyncSubscriptionsRequest,
  type SyncSubscriptionsResponse,
  SyncSubscriptionsResponseSchema,
  type WebhookSnapshotSchema,
  type WorkspaceSnapshotSchema,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { idToUuid } from "@posthorn/runtime";
import { wholeEnvelopes } from "../../domain/envelope.ts";
import { displayNameOf, retryDelaysOf, signaturesOf, userAgentOf } from "../../domain/provider.ts";
import { inFlightDefault, timeoutDefaultMs } from "../../domain/webhook.ts";
import {
  type Changed,
  goneVersion,
  type Known,
  listChanged,
  type ProviderState,
  readProviders,
  readWorkspaces,
  type WorkspaceState,
} from "../../store/sync.ts";
import type { Deps } from "../deps.ts";
import { toEnvelopeMessage } from "../providers/policy-messages.ts";
import { toSignatureMessage } from "../providers/signature-message.ts";
import { toRetryPolicy } from "../retry-policy-message.ts";
import { stateNumber, whenPausedNumber } from "../webhooks/webhook-message.ts";

const workspacesMax = 1_000;

/**
 * Answers what changed since the versions that the caller knows: one cheap statement when nothing
 * did. Every change that was answered before the call is in it, since a change is committed with
 * its version before it is answered.
 */
export async function syncSubscriptions(
  { db }: Pick<Deps, "db">,
  request: SyncSubscriptionsRequest,
): Promise<SyncSubscriptionsResponse> {
  const changed = await listChanged(db, toKnown(request));
  if (changed.workspaceIds.length === 0 && changed.providers.length === 0) {
    return create(SyncSubscriptionsResponseSchema);
  }
  const { workspaces, providers } = await readChanged(db, changed);
  const present = new Set(workspaces.map((workspace) => workspace.workspaceId));
  const gone = changed.workspaceIds.filter((workspaceId) => !present.has(workspaceId));
  return create(SyncSubscriptionsResponseSchema, {
    workspaces: [
      ...workspaces.map(toWorkspaceSnapshot),
      ...gone.map((workspaceId) => ({ workspaceId, version: goneVersion, deleted: true })),
    ],
    providers: providers.map(toProviderSnapshot),
  });
}

function toKnown(request: SyncSubscriptionsRequest): Known {
  if (request.workspaces.length > workspacesMax) {
    throw invalid("workspaces", `names more than ${workspacesMax}`);
  }
  const malformed = request.workspaces.findIndex(
    ({ workspaceId }) => idToUuid("ws", workspaceId) === undefined,
  );
  if (malformed >= 0) throw invalid(`workspaces[${malformed}].workspaceId`, "is no workspace id");
  return {
    workspaces: new Map(request.workspaces.map((it) => [it.workspaceId, it.version])),
    providers: new Map(request.providers.map((it) => [it.provider, it.revision])),
  };
}

/** Versions and contents come from one snapshot of the database. */
async function readChanged(db: Deps["db"], changed: Changed) {
  return await db
    .transaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute(async (tx) => ({
      workspaces: await readWorkspaces(tx, changed.workspaceIds),
      providers: await readProviders(tx, changed.providers),
    }));
}

function toWorkspaceSnapshot(
  workspace: WorkspaceState,
): MessageInitShape<typeof WorkspaceSnapshotSchema> {
  const { workspaceId, version, provider } = workspace;
  return {
    workspaceId,
    version,
    provider,
    webhooks: workspace.webhooks.map(toWebhookSnapshot),
    connections: workspace.connections.map(({ connectionId, firstSyncCompletedAt }) => ({
      connectionId,
      firstSyncCompleteTime: firstSyncCompletedAt && timestampFromDate(firstSyncCompletedAt),
    })),
  };
}

function toWebhookSnapshot(
  webhook: WorkspaceState["webhooks"][number],
): MessageInitShape<typeof WebhookSnapshotSchema> {
  return {
    webhookId: webhook.id,
    version: webhook.version,
    url: webhook.url,
    eventTypes: [...webhook.eventTypes],
    state: stateNumber(webhook.state),
    secrets: webhook.secrets.map(({ sealed, expireAt }) => ({
      sealed,
      expireTime: expireAt && timestampFromDate(expireAt),
    })),
    sealedHeaders: webhook.sealedHeaders,
    inFlightMax: webhook.inFlightMax === 0 ? inFlightDefault : webhook.inFlightMax,
    timeout: durationFromMs(webhook.timeoutMs ?? timeoutDefaultMs),
    retryPolicy: toRetryPolicy(webhook.retryDelaysMs),
    filter: webhook.filter,
    whenPaused: whenPausedNumber(webhook.whenPaused),
    rateLimitPerSecond: webhook.ratePerSecond ?? 0,
    ordered: webhook.isOrdered,
    cancelBefore: webhook.cancelBefore && timestampFromDate(webhook.cancelBefore),
    targetVersion: webhook.targetVersion,
    payloadVersion: webhook.payloadVersion,
  };
}

function toProviderSnapshot(
  provider: ProviderState,
): MessageInitShape<typeof ProviderSnapshotSchema> {
  return {
    provider: provider.name,
    revision: provider.revision,
    displayName: displayNameOf(provider),
    userAgent: userAgentOf(provider),
    signatures: signaturesOf(provider).map(toSignatureMessage),
    retryPolicy: toRetryPolicy(retryDelaysOf(provider)),
    wrappedDataKey: provider.wrappedDataKey,
    envelopeRevision: provider.envelopeRevision,
    envelopes: wholeEnvelopes(provider.envelopes).map(toEnvelopeMessage),
    sendsUnsigned: provider.secrets.optional ?? false,
    eventTypeFilters: [...provider.eventTypeFilters],
    firstSyncEventTypes: [...(provider.connections?.firstSyncEventTypes ?? [])],
  };
}
