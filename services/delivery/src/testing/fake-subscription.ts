import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromDate, timestampNow } from "@bufbuild/protobuf/wkt";
import { createRouterTransport, type Transport } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import {
  type ProviderSnapshot,
  ProviderSnapshotSchema,
  SealedSecretSchema,
  SubscriptionSyncService,
  type WebhookSnapshot,
  WebhookSnapshotSchema,
  WorkspaceSnapshotSchema,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import {
  Webhook_State,
  Webhook_WhenPaused,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { EnvelopeSchema } from "@posthorn/proto/posthorn/type/v1/envelope";
import { Signature_Scheme, type SignatureSchema } from "@posthorn/proto/posthorn/type/v1/policy";
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
  /** Without a secret nothing can be signed, which is a defect unless the provider allows it. */
  readonly hasSecret?: boolean;
  /** Empty: the provider's newest. */
  readonly payloadVersion?: string;
}

/** What a test says of a provider; the rest has defaults. */
export interface FakeProvider {
  readonly signatures?: readonly MessageInitShape<typeof SignatureSchema>[];
  readonly envelopes?: readonly MessageInitShape<typeof EnvelopeSchema>[];
  readonly sendsUnsigned?: boolean;
  /** By event type, in CEL. */
  readonly eventTypeFilters?: Readonly<Record<string, string>>;
  readonly firstSyncEventTypes?: readonly string[];
  /** Whether its events must name a connection. */
  readonly needsConnection?: boolean;
  /** Whether its events carry previous values. */
  readonly hasPrevious?: boolean;
}

interface Workspace {
  version: bigint;
  /** When the first syncs of its connections ended; undefined while one runs. */
  readonly connections: Map<string, Date | undefined>;
  readonly provider: string;
  readonly webhooks: Map<string, WebhookSnapshot>;
}

/**
 * Speaks for the subscription service by its proto: workspaces and webhooks in memory, with
 * versions that rise as the real ones do.
 */
export function fakeSubscription() {
  const masterKeyText = newMasterKey();
  const { dataKey, wrapped } = newDataKey(masterKey(masterKeyText));
  const workspaces = new Map<string, Workspace>();
  const providers = new Map<string, ProviderSnapshot>();
  const envelopes = new Map<string, ProviderSnapshot["envelopes"]>();
  const connected = new Set<string>();
  const withPrevious = new Set<string>();
  const aliases = new Map<string, string>();
  const disablings: { webhookId: string; reason: string | undefined }[] = [];
  const state = { isDown: false, refusedCount: 0, envelopesAskedCount: 0 };
  setProvider("demo", {});

  const transport: Transport = createRouterTransport(({ service }) => {
    service(SubscriptionSyncService, {
      syncSubscriptions(request) {
        checkIsUp();
        return {
          providers: [...providers.values()].filter(
            ({ provider: name, revision }) =>
              request.workspaces.some((each) => providerOf(each.workspaceId) === name) &&
              !request.providers.some(
                (each) => each.provider === name && each.revision === revision,
              ),
          ),
          workspaces: request.workspaces.flatMap(({ workspaceId, version }) => {
            const known = workspaces.get(workspaceId);
            if (known?.version === version) return [];
            const provider = providerOf(workspaceId);
            const base = { workspaceId, provider, version: known?.version ?? 1n };
            const webhooks = [...(known?.webhooks.values() ?? [])];
            const connections = [...(known?.connections ?? [])].map(([connectionId, end]) => ({
              connectionId,
              ...(end && { firstSyncCompleteTime: timestampFromDate(end) }),
            }));
            const rest = { deleted: !known, webhooks, connections };
            return [create(WorkspaceSnapshotSchema, { ...base, ...rest })];
          }),
        };
      },
      getEnvelopes({ provider, revision }) {
        checkIsUp();
        state.envelopesAskedCount += 1;
        const found = envelopes.get(`${provider} ${revision}`);
        if (found) return { envelopes: found };
        throw toConnectError(new AppError("not_found", "no such envelopes"), "test");
      },
      getConnections({ keys }) {
        checkIsUp();
        return {
          connections: keys
            .filter((key) => workspaces.get(key.workspaceId)?.connections.has(key.connectionId))
            .map(({ workspaceId, connectionId }) => ({
              workspaceId,
              connectionId,
              integrationName: "shopify",
            })),
        };
      },
      syncCatalog: ({ provider }) => ({
        revision: 1n,
        catalog: {
          eventTypes: [
            {
              name: "order.created",
              example: Buffer.from('{"orderId":"example"}'),
              hasPrevious: withPrevious.has(provider),
            },
          ],
          needsConnection: connected.has(provider),
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

  function providerOf(workspace: string): string {
    return workspaces.get(workspace)?.provider ?? "demo";
  }

  /** Every change gives the envelopes a revision of their own. */
  function setProvider(name: string, { eventTypeFilters = {}, ...fake }: FakeProvider): void {
    const revision = (providers.get(name)?.revision ?? 0n) + 1n;
    const provider = create(ProviderSnapshotSchema, {
      provider: name,
      revision,
      displayName: "Demo",
      userAgent: "Demo-Webhooks/1.0",
      signatures: [...(fake.signatures ?? [{ scheme: Signature_Scheme.STANDARD }])],
      retryPolicy: { delays: [durationFromMs(60_000)] },
      wrappedDataKey: wrapped,
      envelopeRevision: revision,
      envelopes: [...(fake.envelopes ?? [{ version: "v1" }])],
      sendsUnsigned: fake.sendsUnsigned ?? false,
      eventTypeFilters: Object.entries(eventTypeFilters).map(([eventType, filter]) => ({
        ...{ eventType, filter },
      })),
      firstSyncEventTypes: [...(fake.firstSyncEventTypes ?? [])],
    });
    providers.set(name, provider);
    if (fake.needsConnection) connected.add(name);
    if (fake.hasPrevious) withPrevious.add(name);
    envelopes.set(`${name} ${revision}`, provider.envelopes);
  }

  const sealed = (text: string, context: string) => seal(dataKey, Buffer.from(text), context);

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

  function setSyncEnd(workspace: string, connection: string, end: Date | undefined): void {
    const known = workspaces.get(workspace);
    if (!known) throw new Error(`${workspace} is unknown`);
    known.version += 1n;
    known.connections.set(connection, end);
  }

  return {
    transport,
    masterKey: masterKeyText,
    state,
    /** What was asked to be disabled, in order. */
    disablings,
    /** Makes or changes a provider; what is not given has its default again. */
    setProvider,
    /** `demo` unless the workspace was made for another. */
    providerOf,
    addWorkspace(alias?: string, provider = "demo"): string {
      const id = newId("ws");
      if (alias !== undefined) aliases.set(alias, id);
      workspaces.set(id, { version: 1n, provider, webhooks: new Map(), connections: new Map() });
      return id;
    },
    addWebhook(workspace: string, fake: FakeWebhook): { id: string; secret: string } {
      const id = newId("wh");
      const secret = newSecret();
      const snapshot = create(WebhookSnapshotSchema, {
        webhookId: id,
        version: 1n,
        targetVersion: 1n,
        url: fake.url,
        eventTypes: [...(fake.eventTypes ?? [])],
        state: Webhook_State[fake.state ?? "ACTIVE"],
        secrets: fake.hasSecret === false ? [] : [{ sealed: sealed(secret, `secret:${id}`) }],
        inFlightMax: fake.inFlightMax ?? 64,
        timeout: durationFromMs(fake.timeoutMs ?? 5_000),
        ...(fake.headers && {
          sealedHeaders: sealed(JSON.stringify(fake.headers), `headers:${id}`),
        }),
        payloadVersion: fake.payloadVersion ?? "",
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
    setPayloadVersion(workspace: string, webhook: string, payloadVersion: string): void {
      change(workspace, webhook, { payloadVersion });
    },
    /** Changes the secret, as a rotation without overlap does once it is answered. Gives the new one. */
    rotateSecret(workspace: string, webhook: string): string {
      const secret = newSecret();
      const message = create(SealedSecretSchema, { sealed: sealed(secret, `secret:${webhook}`) });
      change(workspace, webhook, { secrets: [message] });
      return secret;
    },
    /** Adds a connection, whose first sync runs. */
    addConnection(workspace: string): string {
      const id = newId("conn");
      setSyncEnd(workspace, id, undefined);
      return id;
    },
    /** Ends a connection's first sync, as a call that has been answered. */
    endFirstSync(workspace: string, connection: string, end: Date): void {
      setSyncEnd(workspace, connection, end);
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
