import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampNow } from "@bufbuild/protobuf/wkt";
import { createRouterTransport, type Transport } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import {
  type ProviderSnapshot,
  ProviderSnapshotSchema,
  SubscriptionSyncService,
  type WebhookSnapshot,
  WebhookSnapshotSchema,
  WorkspaceSnapshotSchema,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import {
  Webhook_State,
  Webhook_WhenPaused,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { Signature_Scheme } from "@posthorn/proto/posthorn/type/v1/policy";
import { newId } from "@posthorn/runtime";
import { masterKey, newDataKey, newMasterKey, seal } from "@posthorn/sealing";
import { newSecret } from "@posthorn/signature";

/** What decides about which events are sent, and how they follow one another. */
export interface FakeRules {
  readonly filter?: string;
  readonly whenPaused?: "SKIP" | "HOLD";
  /** 0: no limit. */
  readonly ratePerSecond?: number;
  readonly isOrdered?: boolean;
}

/** What a test says of a webhook; the rest has defaults. */
export interface FakeWebhook extends FakeRules {
  readonly url: string;
  readonly eventTypes?: readonly string[];
  readonly state?: "ACTIVE" | "PAUSED" | "DISABLED";
  readonly delaysMs?: readonly number[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly inFlightMax?: number;
  readonly timeoutMs?: number;
  /** Without a secret nothing can be signed, which is a defect. */
  readonly hasSecret?: boolean;
}

/**
 * Speaks for the subscription service by its proto: workspaces and webhooks in memory, with
 * versions that rise as the real ones do.
 */
export function fakeSubscription() {
  const masterKeyText = newMasterKey();
  const { dataKey, wrapped } = newDataKey(masterKey(masterKeyText));
  const workspaces = new Map<string, { version: bigint; webhooks: Map<string, WebhookSnapshot> }>();
  const aliases = new Map<string, string>();
  const disablings: { webhookId: string; reason: string | undefined }[] = [];
  const state = { isDown: false, refusedCount: 0 };
  const provider: ProviderSnapshot = create(ProviderSnapshotSchema, {
    provider: "demo",
    revision: 1n,
    displayName: "Demo",
    userAgent: "Demo-Webhooks/1.0",
    signatures: [{ scheme: Signature_Scheme.STANDARD }],
    retryPolicy: { delays: [durationFromMs(60_000)] },
    wrappedDataKey: wrapped,
  });

  const transport: Transport = createRouterTransport(({ service }) => {
    service(SubscriptionSyncService, {
      syncSubscriptions(request) {
        checkIsUp();
        return {
          providers: request.providers.some(({ revision }) => revision === 1n) ? [] : [provider],
          workspaces: request.workspaces.flatMap(({ workspaceId, version }) => {
            const known = workspaces.get(workspaceId);
            if (known?.version === version) return [];
            const base = { workspaceId, provider: "demo", version: known?.version ?? 1n };
            const webhooks = [...(known?.webhooks.values() ?? [])];
            return [create(WorkspaceSnapshotSchema, { ...base, deleted: !known, webhooks })];
          }),
        };
      },
      syncCatalog: () => ({
        revision: 1n,
        catalog: {
          eventTypes: [{ name: "order.created", example: Buffer.from('{"orderId":"example"}') }],
        },
      }),
      resolveWorkspace({ workspace }) {
        checkIsUp();
        const workspaceId = aliases.get(workspace);
        if (workspaceId !== undefined) return { workspaceId };
        throw toConnectError(new AppError("not_found", "no such workspace"), "test");
      },
      disableWebhook({ workspaceId, webhookId, webhookVersion, reason }) {
        checkIsUp();
        disablings.push({ webhookId, reason: reasonNames[reason] });
        const webhook = workspaces.get(workspaceId)?.webhooks.get(webhookId);
        if (webhook?.state !== Webhook_State.ACTIVE) return { disabled: false };
        if (webhook.targetVersion > webhookVersion) return { disabled: false };
        change(workspaceId, webhookId, { state: Webhook_State.DISABLED });
        return { disabled: true };
      },
    });
  });

  function checkIsUp(): void {
    if (!state.isDown) return;
    state.refusedCount += 1;
    throw toConnectError(new AppError("unavailable", "down"), "test");
  }

  function change(workspace: string, webhookId: string, values: Partial<WebhookSnapshot>): void {
    const known = workspaces.get(workspace);
    const before = known?.webhooks.get(webhookId);
    if (!known || !before) throw new Error(`${webhookId} is not in ${workspace}`);
    known.version += 1n;
    const version = before.version + 1n;
    const isAimed = values.url !== undefined || values.state !== undefined;
    const targetVersion = isAimed ? version : before.targetVersion;
    known.webhooks.set(webhookId, { ...before, ...values, version, targetVersion });
  }

  return {
    transport,
    masterKey: masterKeyText,
    state,
    /** What was asked to be disabled, in order. */
    disablings,
    addWorkspace(alias?: string): string {
      const id = newId("ws");
      if (alias !== undefined) aliases.set(alias, id);
      workspaces.set(id, { version: 1n, webhooks: new Map() });
      return id;
    },
    addWebhook(workspace: string, fake: FakeWebhook): { id: string; secret: string } {
      const id = newId("wh");
      const secret = newSecret();
      const sealText = (text: string, context: string) => seal(dataKey, Buffer.from(text), context);
      const snapshot = create(WebhookSnapshotSchema, {
        webhookId: id,
        version: 1n,
        targetVersion: 1n,
        url: fake.url,
        eventTypes: [...(fake.eventTypes ?? [])],
        state: Webhook_State[fake.state ?? "ACTIVE"],
        secrets: fake.hasSecret === false ? [] : [{ sealed: sealText(secret, `secret:${id}`) }],
        inFlightMax: fake.inFlightMax ?? 64,
        timeout: durationFromMs(fake.timeoutMs ?? 5_000),
        ...(fake.headers && {
          sealedHeaders: sealText(JSON.stringify(fake.headers), `headers:${id}`),
        }),
        ...rules(fake),
        ...(fake.delaysMs && { retryPolicy: { delays: fake.delaysMs.map(durationFromMs) } }),
      });
      const known = workspaces.get(workspace);
      if (!known) throw new Error(`${workspace} is unknown`);
      known.version += 1n;
      known.webhooks.set(id, snapshot);
      return { id, secret };
    },
    setState(workspace: string, webhook: string, to: "ACTIVE" | "PAUSED" | "DISABLED"): void {
      change(workspace, webhook, { state: Webhook_State[to] });
    },
    setRules(workspace: string, webhook: string, fake: FakeRules): void {
      change(workspace, webhook, rules(fake));
    },
    /** Cancels what is held, with a change of state where one is given. */
    cancelHeld(workspace: string, webhook: string, to?: "ACTIVE" | "PAUSED" | "DISABLED"): void {
      const cancelBefore = timestampNow();
      change(workspace, webhook, { cancelBefore, ...(to && { state: Webhook_State[to] }) });
    },
    setUrl(workspace: string, webhook: string, url: string): void {
      change(workspace, webhook, { url });
    },
    setFilter(workspace: string, webhook: string, filter: string): void {
      change(workspace, webhook, { filter });
    },
    deleteWebhook(workspace: string, webhook: string): void {
      const known = workspaces.get(workspace);
      if (!known) throw new Error(`${workspace} is unknown`);
      known.version += 1n;
      known.webhooks.delete(webhook);
    },
    stateOf(workspace: string, webhook: string): string | undefined {
      const found = workspaces.get(workspace)?.webhooks.get(webhook);
      return found && stateNames[found.state];
    },
  };
}

/** Gives the fields of a snapshot for the rules that are given. */
function rules(fake: FakeRules): Partial<Omit<WebhookSnapshot, "$typeName">> {
  return {
    ...(fake.filter !== undefined && { filter: fake.filter }),
    ...(fake.whenPaused && { whenPaused: Webhook_WhenPaused[fake.whenPaused] }),
    ...(fake.ratePerSecond !== undefined && { rateLimitPerSecond: fake.ratePerSecond }),
    ...(fake.isOrdered !== undefined && { ordered: fake.isOrdered }),
  };
}

const reasonNames = ["UNSPECIFIED", "GONE", "FAILING"] as const;
const stateNames = ["UNSPECIFIED", "ACTIVE", "PAUSED", "DISABLED"] as const;
