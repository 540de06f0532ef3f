import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import type { Filter } from "@posthorn/filter";
import type {
  ProviderSnapshot,
  SubscriptionSyncService,
  WebhookSnapshot,
  WorkspaceSnapshot,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import {
  Webhook_State,
  Webhook_WhenPaused,
} from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { idToUuid, uuidToId } from "@posthorn/runtime";
import { type DataKey, type MasterKey, open, unwrapDataKey } from "@posthorn/sealing";
import type { Signature } from "@posthorn/signature";
import { type Envelope, type EnvelopePin, missingEnvelope } from "../domain/envelope.ts";
import type { FirstSyncEnds } from "../domain/first-sync.ts";
import type { Matchable } from "../domain/match.ts";
import { toEnvelopes } from "./envelope-message.ts";
import { Filters } from "./filters.ts";
import { OldEnvelopes } from "./old-envelopes.ts";
import { toSignature } from "./signature-message.ts";

/** What delivery knows of a webhook, secrets opened. */
export interface KnownWebhook extends Matchable {
  readonly uuid: string;
  /** The provider of its workspace. */
  readonly provider: string;
  readonly version: string;
  /** The version of the last change of its URL or state. */
  readonly targetVersion: string;
  readonly url: string;
  /** Newest first; those whose end has come no longer sign. */
  readonly secrets: readonly { readonly text: string; readonly expireAt: Date | undefined }[];
  readonly headers: Readonly<Record<string, string>>;
  readonly inFlightMax: number;
  readonly timeoutMs: number;
  /** The waits between attempts. */
  readonly delaysMs: readonly number[];
  /** CEL; empty: every event of its types. */
  readonly filter: string;
  /** Attempts a second; 0: no limit. */
  readonly ratePerSecond: number;
  readonly isOrdered: boolean;
  /** Open deliveries made before it are to be canceled. Undefined: none are. */
  readonly cancelBefore: Date | undefined;
  /** The body of its deliveries, as from now; its payload version is the envelope's. */
  readonly envelope: Envelope;
}

/** What delivery knows of a provider. */
export interface KnownProvider {
  readonly name: string;
  readonly revision: bigint;
  readonly userAgent: string;
  /** How deliveries are signed, at least one way. */
  readonly signatures: readonly Signature[];
  readonly delaysMs: readonly number[];
  readonly dataKey: DataKey;
  /** Whether a webhook without a secret is sent to without a signature. */
  readonly sendsUnsigned: boolean;
  /** Which events of a type are sent to anyone; of types that are not in it: all. */
  readonly typeFilters: ReadonlyMap<string, Filter>;
  /** The bodies of deliveries by payload version, oldest first; never empty. */
  readonly envelopes: ReadonlyMap<string, Envelope>;
  /** Raised by each change of the envelopes. */
  readonly envelopeRevision: bigint;
  /** The types, or `prefix.*`, that are sent while a connection's first sync runs; empty: all. */
  readonly firstSyncEventTypes: readonly string[];
}

/** What delivery knows of a workspace. One that is gone has no webhooks. */
export interface KnownWorkspace {
  readonly id: string;
  readonly uuid: string;
  readonly version: bigint;
  readonly provider: KnownProvider | undefined;
  readonly webhooks: ReadonlyMap<string, KnownWebhook>;
  /** The connections whose first sync runs, or ended within 30 days. */
  readonly connections: FirstSyncEnds;
}

/** How long knowledge is good, from when the request that confirmed it was sent. */
const knowledgeMsMax = 1000;
const workspacesPerSyncMax = 1000;
const workspaceCountMax = 20_000;

interface Entry {
  readonly workspace: KnownWorkspace;
  readonly confirmedAtMs: number;
}

/**
 * What delivery knows of workspaces, by version. Calls that come while a request is under way
 * share the next one, so that every answer is at least as new as the call that waits for it.
 */
export class Subscriptions {
  readonly #client: Client<typeof SubscriptionSyncService>;
  readonly #masterKey: MasterKey;
  readonly #nowMs: () => number;
  readonly #workspaces = new Map<string, Entry>();
  readonly #providers = new Map<string, KnownProvider>();
  readonly #filters = new Filters();
  readonly #oldEnvelopes: OldEnvelopes;
  #wanted = new Set<string>();
  #current: Promise<void> = Promise.resolve();
  /** What the current request, or the last, was sent for. */
  #asked: { readonly uuids: ReadonlySet<string>; readonly atMs: number } = {
    uuids: new Set(),
    atMs: Number.NEGATIVE_INFINITY,
  };
  #next: Promise<void> | undefined;

  /** `nowMs` is a monotonic clock. */
  constructor(deps: {
    client: Client<typeof SubscriptionSyncService>;
    masterKey: MasterKey;
    nowMs?: () => number;
  }) {
    this.#client = deps.client;
    this.#masterKey = deps.masterKey;
    this.#oldEnvelopes = new OldEnvelopes(deps.client);
    this.#nowMs = deps.nowMs ?? (() => performance.now());
  }

  /** Gives what is known of a workspace if that is at most 1 s old. */
  fresh(workspaceUuid: string): KnownWorkspace | undefined {
    const entry = this.#workspaces.get(workspaceUuid);
    if (!entry || this.#nowMs() - entry.confirmedAtMs > knowledgeMsMax) return undefined;
    return entry.workspace;
  }

  /** Gives what is known of a workspace, however old. */
  latest(workspaceUuid: string): KnownWorkspace | undefined {
    return this.#workspaces.get(workspaceUuid)?.workspace;
  }

  /** Gives a workspace as it is now, every change whose answer was given before. Throws `unavailable`. */
  async current(workspaceUuid: string): Promise<KnownWorkspace> {
    await this.sync([workspaceUuid]);
    const known = this.latest(workspaceUuid);
    if (!known) throw new Error(`workspace ${workspaceUuid} is missing from the answer`);
    return known;
  }

  /** Gives the envelope that a delivery of the workspace keeps. Throws `unavailable`. */
  async envelope(workspaceUuid: string, pin: EnvelopePin): Promise<Envelope> {
    const { provider } = this.latest(workspaceUuid) ?? (await this.current(workspaceUuid));
    if (!provider) return missingEnvelope(pin);
    if (provider.envelopeRevision.toString() !== pin.revision) {
      return this.#oldEnvelopes.get(provider.name, pin);
    }
    return provider.envelopes.get(pin.version) ?? missingEnvelope(pin);
  }

  /** Asks what changed in these workspaces (UUIDs), by a request sent after the call. */
  sync(workspaceUuids: Iterable<string>): Promise<void> {
    for (const uuid of workspaceUuids) this.#wanted.add(uuid);
    this.#next ??= this.#ask();
    return this.#next;
  }

  /**
   * Sees to it that what is known of each workspace (UUID) was asked for at its time of the
   * monotonic clock or later. Throws `unavailable`.
   */
  async learn(workspaces: ReadonlyMap<string, number>): Promise<void> {
    const isKnown = ([uuid, sinceMs]: readonly [string, number]) =>
      (this.#workspaces.get(uuid)?.confirmedAtMs ?? Number.NEGATIVE_INFINITY) >= sinceMs;
    const isAsked = ([uuid, sinceMs]: readonly [string, number]) =>
      this.#asked.uuids.has(uuid) && this.#asked.atMs >= sinceMs;
    let unknown = [...workspaces].filter((one) => !isKnown(one));
    if (unknown.length > 0 && unknown.every(isAsked)) {
      await this.#current.catch(() => {}); // then it is asked for again
      unknown = unknown.filter((one) => !isKnown(one));
    }
    if (unknown.length > 0) await this.sync(unknown.map(([uuid]) => uuid));
  }

  async #ask(): Promise<void> {
    await this.#current.catch(() => {}); // its own callers hear of its failure
    this.#next = undefined;
    const wanted = [...this.#wanted];
    this.#wanted = new Set();
    this.#asked = { uuids: new Set(wanted), atMs: this.#nowMs() };
    this.#current = this.#askAll(wanted);
    await this.#current;
  }

  async #askAll(uuids: readonly string[]): Promise<void> {
    for (let from = 0; from < uuids.length; from += workspacesPerSyncMax) {
      await this.#askSome(uuids.slice(from, from + workspacesPerSyncMax));
    }
  }

  async #askSome(uuids: readonly string[]): Promise<void> {
    const sentAtMs = this.#nowMs();
    const answer = await this.#client.syncSubscriptions({
      workspaces: uuids.map((uuid) => ({
        workspaceId: uuidToId("ws", uuid),
        version: this.latest(uuid)?.version ?? 0n,
      })),
      providers: [...this.#providers.values()].map(({ name, revision }) => ({
        provider: name,
        revision,
      })),
    });
    const changed = new Set(answer.providers.map((snapshot) => this.#learnProvider(snapshot)));
    this.#applyProviders(changed);
    for (const snapshot of answer.workspaces) this.#learnWorkspace(snapshot, sentAtMs);
    for (const uuid of uuids) this.#confirm(uuid, sentAtMs);
    const stale = uuids.filter((uuid) => this.latest(uuid)?.version === 0n);
    if (changed.size > 0 && stale.length > 0) await this.#askSome(stale);
  }

  #learnProvider(snapshot: ProviderSnapshot): string {
    const { envelopeRevision } = snapshot;
    const before = this.#providers.get(snapshot.provider);
    this.#providers.set(snapshot.provider, {
      name: snapshot.provider,
      revision: snapshot.revision,
      userAgent: snapshot.userAgent,
      signatures: snapshot.signatures.map(toSignature),
      delaysMs: toDelaysMs(snapshot),
      dataKey: unwrapDataKey(this.#masterKey, snapshot.wrappedDataKey),
      sendsUnsigned: snapshot.sendsUnsigned,
      typeFilters: this.#toTypeFilters(snapshot),
      envelopes:
        before?.envelopeRevision === envelopeRevision
          ? before.envelopes
          : toEnvelopes(snapshot.envelopes, envelopeRevision),
      envelopeRevision,
      firstSyncEventTypes: snapshot.firstSyncEventTypes,
    });
    return snapshot.provider;
  }

  #toTypeFilters({ eventTypeFilters }: ProviderSnapshot): ReadonlyMap<string, Filter> {
    const filters = new Map<string, Filter>();
    for (const { eventType, filter: source } of eventTypeFilters) {
      const filter = this.#filters.get(source);
      if (filter) filters.set(eventType, filter);
    }
    return filters;
  }

  /** Workspaces hold their provider, so that one look gives all; a change reaches all of them. */
  #applyProviders(changed: ReadonlySet<string>): void {
    if (changed.size === 0) return;
    for (const [uuid, entry] of this.#workspaces) {
      const name = entry.workspace.provider?.name;
      if (name === undefined || !changed.has(name)) continue;
      // Forgetting the version makes the next request bring it whole, with the new defaults.
      const workspace = { ...entry.workspace, version: 0n };
      this.#workspaces.set(uuid, { workspace, confirmedAtMs: Number.NEGATIVE_INFINITY });
    }
  }

  #learnWorkspace(snapshot: WorkspaceSnapshot, confirmedAtMs: number): void {
    const uuid = idToUuid("ws", snapshot.workspaceId);
    if (uuid === undefined) throw new Error(`${snapshot.workspaceId} is no workspace id`);
    const provider = this.#providers.get(snapshot.provider);
    if (!provider && !snapshot.deleted) throw new Error(`provider ${snapshot.provider} is missing`);
    const before = this.latest(uuid);
    const known = before?.provider === provider ? before?.webhooks : undefined;
    const webhooks = provider
      ? snapshot.webhooks.map(
          (webhook) => unchanged(webhook, known) ?? toWebhook(webhook, provider, this.#filters),
        )
      : [];
    const workspace: KnownWorkspace = {
      id: snapshot.workspaceId,
      uuid,
      version: snapshot.version,
      provider,
      webhooks: new Map(webhooks.map((webhook) => [webhook.uuid, webhook])),
      connections: toFirstSyncEnds(snapshot),
    };
    this.#workspaces.delete(uuid); // to the end: the oldest go first
    this.#workspaces.set(uuid, { workspace, confirmedAtMs });
    if (this.#workspaces.size > workspaceCountMax) this.#forgetOldest();
  }

  #confirm(uuid: string, confirmedAtMs: number): void {
    const entry = this.#workspaces.get(uuid);
    if (!entry) throw new AppError("unavailable", `workspace ${uuid} is missing from the answer`);
    if (entry.confirmedAtMs === Number.NEGATIVE_INFINITY) return; // to be asked again whole
    this.#workspaces.set(uuid, { workspace: entry.workspace, confirmedAtMs });
  }

  #forgetOldest(): void {
    for (const uuid of this.#workspaces.keys()) {
      this.#workspaces.delete(uuid);
      return;
    }
  }
}

const noConnections: FirstSyncEnds = new Map();

function toFirstSyncEnds({ connections }: WorkspaceSnapshot): FirstSyncEnds {
  if (connections.length === 0) return noConnections;
  return new Map(
    connections.map(({ connectionId, firstSyncCompleteTime: end }) => [
      connectionId,
      end && timestampDate(end),
    ]),
  );
}

/** Gives a webhook whose version has not changed as it was: its secrets stay open. */
function unchanged(
  { webhookId, version }: WebhookSnapshot,
  known: KnownWorkspace["webhooks"] | undefined,
): KnownWebhook | undefined {
  const webhook = known?.get(idToUuid("wh", webhookId) ?? "");
  return webhook?.version === version.toString() ? webhook : undefined;
}

function toWebhook(
  snapshot: WebhookSnapshot,
  provider: KnownProvider,
  filters: Filters,
): KnownWebhook {
  const id = snapshot.webhookId;
  const uuid = idToUuid("wh", id);
  if (uuid === undefined) throw new Error(`${id} is no webhook id`);
  const { dataKey } = provider;
  const text = (sealed: Uint8Array, context: string) =>
    Buffer.from(open(dataKey, sealed, context)).toString();
  return {
    id,
    uuid,
    provider: provider.name,
    version: snapshot.version.toString(),
    targetVersion: (snapshot.targetVersion || snapshot.version).toString(),
    url: snapshot.url,
    eventTypes: snapshot.eventTypes,
    state: toState(snapshot.state),
    secrets: snapshot.secrets.map(({ sealed, expireTime }) => ({
      text: text(sealed, `secret:${id}`),
      expireAt: expireTime && timestampDate(expireTime),
    })),
    headers:
      snapshot.sealedHeaders.length === 0
        ? {}
        : (JSON.parse(text(snapshot.sealedHeaders, `headers:${id}`)) as Record<string, string>), // sealed by us
    inFlightMax: snapshot.inFlightMax,
    timeoutMs: snapshot.timeout ? toMs(snapshot.timeout) : 15_000,
    delaysMs: snapshot.retryPolicy?.delays.map(toMs) ?? provider.delaysMs,
    filter: snapshot.filter,
    filterOf: filters.get(snapshot.filter),
    whenPaused: toWhenPaused(snapshot.whenPaused),
    ratePerSecond: snapshot.rateLimitPerSecond,
    isOrdered: snapshot.ordered,
    cancelBefore: snapshot.cancelBefore && timestampDate(snapshot.cancelBefore),
    envelope: envelopeOf(provider, snapshot.payloadVersion),
  };
}

/** Gives the envelope of a version; of none: the newest. */
function envelopeOf({ envelopes, envelopeRevision }: KnownProvider, version: string): Envelope {
  const envelope = version === "" ? [...envelopes.values()].at(-1) : envelopes.get(version);
  return envelope ?? missingEnvelope({ revision: envelopeRevision.toString(), version });
}

function toDelaysMs(snapshot: ProviderSnapshot): readonly number[] {
  return snapshot.retryPolicy?.delays.map(toMs) ?? [];
}

function toMs(duration: { seconds: bigint; nanos: number }): number {
  return Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

function toState(state: Webhook_State): KnownWebhook["state"] {
  switch (state) {
    case Webhook_State.STATE_UNSPECIFIED:
    case Webhook_State.ACTIVE:
      return "ACTIVE";
    case Webhook_State.PAUSED:
      return "PAUSED";
    case Webhook_State.DISABLED:
      return "DISABLED";
  }
  throw new Error(`webhook state ${String(state)} is newer than this process`);
}

function toWhenPaused(whenPaused: Webhook_WhenPaused): KnownWebhook["whenPaused"] {
  switch (whenPaused) {
    case Webhook_WhenPaused.WHEN_PAUSED_UNSPECIFIED:
    case Webhook_WhenPaused.SKIP:
      return "SKIP";
    case Webhook_WhenPaused.HOLD:
      return "HOLD";
  }
  throw new Error(`${String(whenPaused)} for a pause is newer than this process`);
}
