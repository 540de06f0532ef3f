import { create } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { partitionOf } from "@posthorn/bus";
import {
  ProviderSnapshotSchema,
  type SubscriptionSyncService,
  type SyncSubscriptionsRequest,
  SyncSubscriptionsResponseSchema,
  type WebhookSnapshot,
  WebhookSnapshotSchema,
  WorkspaceSnapshotSchema,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import {
  Webhook_State,
  Webhook_WhenPaused,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { Signature_Scheme } from "@posthorn/proto/posthorn/type/v1/policy";
import { idToUuid, uuidToId } from "@posthorn/runtime";
import { masterKey, newDataKey, newMasterKey, seal } from "@posthorn/sealing";
import { newSecret } from "@posthorn/signature";
import { request, type Weather } from "./network.ts";
import type { Actor, World } from "./world.ts";

export type HookState = "ACTIVE" | "PAUSED" | "DISABLED";

/** A webhook as its user made it. */
export interface HookDraft {
  /** For reports: what it is there for. */
  readonly name: string;
  readonly delaysMs: readonly number[];
  readonly whenPaused: "SKIP" | "HOLD";
  readonly inFlightMax: number;
  readonly isOrdered: boolean;
  readonly ratePerSecond: number;
}

/** A webhook and all states that it was in. */
export interface Hook extends HookDraft {
  readonly uuid: string;
  readonly workspaceId: string;
  readonly url: string;
  state: HookState;
  version: bigint;
  targetVersion: bigint;
  /** Open deliveries made before it are to be canceled. */
  cancelBeforeMs: number | undefined;
  readonly history: { readonly fromMs: number; readonly state: HookState }[];
}

interface Workspace {
  version: bigint;
  readonly hooks: Hook[];
}

export const timeoutMs = 5_000;

/** The subscription service: workspaces and webhooks, with versions that rise as the real ones do. */
export class Webhooks {
  readonly masterKey: string = newMasterKey();
  readonly all = new Map<string, Hook>();
  readonly workspaces = new Map<string, Workspace>();
  readonly #world: World;
  readonly #keys = newDataKey(masterKey(this.masterKey));
  readonly #sealed = new Map<string, Uint8Array>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Makes a workspace whose events go to a partition; gives its id. */
  addWorkspace(partition: number, partitionCount: number): string {
    let id = "";
    do id = uuidToId("ws", this.#world.newUuid());
    while (partitionOf(id, partitionCount) !== partition);
    this.workspaces.set(id, { version: 1n, hooks: [] });
    return id;
  }

  add(workspaceId: string, draft: HookDraft): Hook {
    const uuid = this.#world.newUuid();
    const id = uuidToId("wh", uuid);
    const state = "ACTIVE";
    const hook: Hook = {
      ...draft,
      uuid,
      workspaceId,
      url: `https://${uuid}.example/`,
      state,
      version: 1n,
      targetVersion: 1n,
      cancelBeforeMs: undefined,
      history: [{ fromMs: Number.NEGATIVE_INFINITY, state }],
    };
    this.#sealed.set(uuid, seal(this.#keys.dataKey, Buffer.from(newSecret()), `secret:${id}`));
    this.all.set(uuid, hook);
    this.workspaces.get(workspaceId)?.hooks.push(hook);
    return hook;
  }

  /** Changes a webhook's state, as from now. */
  setState(hook: Hook, state: HookState): void {
    if (hook.state === state) return;
    this.#change(hook);
    hook.state = state;
    hook.targetVersion = hook.version;
    hook.history.push({ fromMs: this.#world.nowMs, state });
  }

  /** Has all that is open now canceled. */
  cancelOpen(hook: Hook): void {
    this.#change(hook);
    hook.cancelBeforeMs = this.#world.nowMs;
  }

  #change(hook: Hook): void {
    hook.version += 1n;
    const workspace = this.workspaces.get(hook.workspaceId);
    if (workspace) workspace.version += 1n;
  }

  /** Disables a webhook unless it has changed since the version. */
  disable(webhookUuid: string, version: string): void {
    const hook = this.all.get(webhookUuid);
    if (hook && hook.targetVersion <= BigInt(version)) this.setState(hook, "DISABLED");
  }

  /** Gives the client of a process. */
  clientOf(deps: { weather: Weather; actor: Actor }): Client<typeof SubscriptionSyncService> {
    const call = (asked: SyncSubscriptionsRequest) =>
      request(
        { world: this.#world, ...deps },
        { isAway: () => deps.weather.isSubscriptionAway, carryOut: () => this.#sync(asked) },
      );
    return { syncSubscriptions: call } as unknown as Client<typeof SubscriptionSyncService>; // all that is called
  }

  #sync(asked: SyncSubscriptionsRequest) {
    const isKnown = asked.providers.some(({ revision }) => revision === 1n);
    return create(SyncSubscriptionsResponseSchema, {
      providers: isKnown ? [] : [this.#provider()],
      workspaces: asked.workspaces.flatMap(({ workspaceId, version }) => {
        const workspace = this.workspaces.get(workspaceId);
        if (!workspace || workspace.version === version) return [];
        return create(WorkspaceSnapshotSchema, {
          workspaceId,
          provider: "demo",
          version: workspace.version,
          webhooks: workspace.hooks.map((hook) => this.#snapshot(hook)),
        });
      }),
    });
  }

  #provider() {
    return create(ProviderSnapshotSchema, {
      provider: "demo",
      revision: 1n,
      displayName: "Demo",
      userAgent: "Demo-Webhooks/1.0",
      signatures: [{ scheme: Signature_Scheme.STANDARD }],
      retryPolicy: { delays: [] },
      wrappedDataKey: this.#keys.wrapped,
    });
  }

  #snapshot(hook: Hook): WebhookSnapshot {
    return create(WebhookSnapshotSchema, {
      webhookId: uuidToId("wh", hook.uuid),
      version: hook.version,
      targetVersion: hook.targetVersion,
      url: hook.url,
      state: Webhook_State[hook.state],
      whenPaused: Webhook_WhenPaused[hook.whenPaused],
      secrets: [{ sealed: this.#sealed.get(hook.uuid) ?? new Uint8Array() }],
      inFlightMax: hook.inFlightMax,
      timeout: durationFromMs(timeoutMs),
      retryPolicy: { delays: hook.delaysMs.map(durationFromMs) },
      rateLimitPerSecond: hook.ratePerSecond,
      ordered: hook.isOrdered,
      ...(hook.cancelBeforeMs !== undefined && {
        cancelBefore: timestampFromMs(this.#world.timeOf(hook.cancelBeforeMs).getTime()),
      }),
    });
  }
}

/** Gives the UUID of an id that is one. */
export function uuidOf(prefix: "ws" | "wh" | "evt", id: string): string {
  const uuid = idToUuid(prefix, id);
  if (uuid === undefined) throw new Error(`${id} is no id`);
  return uuid;
}
