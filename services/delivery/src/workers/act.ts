import type { Client } from "@connectrpc/connect";
import type { Bus } from "@posthorn/bus";
import { AppError } from "@posthorn/errors";
import type { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { Webhook_DisabledReason } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { idToUuid, uuidToId } from "@posthorn/runtime";
import { isSubscribed } from "../domain/match.ts";
import type { Notice } from "../domain/notice.ts";
import { operationOf, operationsAlias } from "../domain/operation.ts";
import { operationRecord, outcomeRecord } from "./notice-records.ts";
import type { Subscriptions } from "./subscriptions.ts";

export interface ActDeps {
  readonly bus: Bus;
  readonly subscription: Client<typeof SubscriptionSyncService>;
  readonly subscriptions: Subscriptions;
  /** Where operational events go, as all events do. */
  readonly eventsTopic: string;
  /** Where outcomes go; undefined: nowhere. */
  readonly outcomesTopic: string | undefined;
  readonly partitionCount: number;
}

/**
 * Makes what the relay does with notices: disables webhooks, publishes outcomes and operational
 * events. All of it may be repeated: disabling names the version, records name themselves.
 */
export function act(deps: ActDeps): (notices: readonly Notice[]) => Promise<void> {
  return async (notices) => {
    const isTrue = await Promise.all(notices.map((notice) => hasHappened(deps, notice)));
    const happened = notices.filter((_, index) => isTrue[index]);
    await publishOutcomes(deps, happened);
    await publishOperations(deps, happened);
  };
}

/** Asks to disable. False for a webhook that changed since, or is gone: there is nothing to tell. */
async function hasHappened(
  { subscription, subscriptions }: ActDeps,
  notice: Notice,
): Promise<boolean> {
  if (notice.kind !== "DISABLE") return true;
  const { disabled } = await subscription.disableWebhook({
    workspaceId: uuidToId("ws", notice.workspaceUuid),
    webhookId: uuidToId("wh", notice.webhookUuid),
    webhookVersion: BigInt(notice.webhookVersion),
    reason: Webhook_DisabledReason[notice.reason === "GONE" ? "GONE" : "FAILING"],
  });
  if (disabled) return true;
  // An earlier try may have disabled it and not have come to tell.
  const { webhooks } = await subscriptions.current(notice.workspaceUuid);
  return webhooks.get(notice.webhookUuid)?.state === "DISABLED";
}

async function publishOutcomes(
  { bus, outcomesTopic, partitionCount }: ActDeps,
  notices: readonly Notice[],
): Promise<void> {
  if (outcomesTopic === undefined || notices.length === 0) return;
  await bus.publish(
    outcomesTopic,
    notices.map((notice) => outcomeRecord(notice, partitionCount)),
  );
}

/** Tells providers that listen; what became of an operational event itself makes no further one. */
async function publishOperations(deps: ActDeps, notices: readonly Notice[]): Promise<void> {
  const { bus, eventsTopic, partitionCount, subscriptions } = deps;
  const telling = notices.filter(({ kind }) => kind !== "SUCCEEDED");
  for (const [provider, ofProvider] of Map.groupBy(telling, (notice) => notice.provider)) {
    const workspace = await operationsWorkspace(deps, provider);
    if (!workspace) continue;
    const others = ofProvider.filter((notice) => notice.workspaceUuid !== workspace.uuid);
    await subscriptions.sync(new Set(others.map((notice) => notice.workspaceUuid)));
    const records = others.flatMap((notice) => {
      const operation = operationOf(notice, urlHost(subscriptions, notice));
      if (!operation || !workspace.hears(operation.type)) return [];
      return operationRecord({ notice, operation, workspaceId: workspace.id, partitionCount });
    });
    if (records.length > 0) await bus.publish(eventsTopic, records);
  }
}

/** A workspace of operations with webhooks. */
interface Listening {
  readonly id: string;
  readonly uuid: string;
  hears(type: string): boolean;
}

/** Gives the workspace of the provider's operations; undefined when nobody listens there. */
async function operationsWorkspace(
  { subscription, subscriptions }: ActDeps,
  provider: string,
): Promise<Listening | undefined> {
  if (provider === "") return undefined;
  const id = await subscription
    .resolveWorkspace({ provider, workspace: operationsAlias, createIfMissing: false })
    .then(({ workspaceId }) => workspaceId, undefinedIfMissing);
  const uuid = id && idToUuid("ws", id);
  if (!id || !uuid) return undefined;
  const webhooks = [...(await subscriptions.current(uuid)).webhooks.values()];
  if (webhooks.length === 0) return undefined;
  return {
    id,
    uuid,
    hears: (type) => webhooks.some(({ eventTypes }) => isSubscribed(type, eventTypes)),
  };
}

function undefinedIfMissing(error: unknown): undefined {
  if (error instanceof AppError && error.reason === "not_found") return undefined;
  throw error;
}

function urlHost(subscriptions: Subscriptions, notice: Notice): string {
  const webhook = subscriptions.latest(notice.workspaceUuid)?.webhooks.get(notice.webhookUuid);
  return webhook ? new URL(webhook.url).host : "";
}
