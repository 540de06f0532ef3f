import type { Transport } from "@connectrpc/connect";
import { migrate, openPostgres, pageTokens } from "@posthorn/postgres";
import { ConnectionEventService } from "@posthorn/proto/posthorn/internal/ingestion/v1/connection_event_service";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { ApiKeyService } from "@posthorn/proto/posthorn/subscription/v1/api_key_service";
import { ConnectionService } from "@posthorn/proto/posthorn/subscription/v1/connection_service";
import { EventTypeService } from "@posthorn/proto/posthorn/subscription/v1/event_type_service";
import { ProviderService } from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { WorkspaceService } from "@posthorn/proto/posthorn/subscription/v1/workspace_service";
import { type Authority, appClient, type Routes } from "@posthorn/rpc";
import { type Logger, type Metrics, type Part, wakeup } from "@posthorn/runtime";
import { derive, masterKey } from "@posthorn/sealing";
import {
  type BootstrapOptions,
  type Bootstrapped,
  bootstrap,
  bootstrapAdmin,
} from "./bootstrap.ts";
import type { SubscriptionConfig } from "./config.ts";
import { fitsMasterKey } from "./fits-master-key.ts";
import { apiKeyService } from "./rpc/api-key-service.ts";
import { storeAuthority } from "./rpc/authority.ts";
import { connectionService } from "./rpc/connections/connection-service.ts";
import type { Deps } from "./rpc/deps.ts";
import { eventTypeService } from "./rpc/event-types/event-type-service.ts";
import { mintAdminKey, mintOperatorKey } from "./rpc/mint-key.ts";
import { providerService } from "./rpc/providers/provider-service.ts";
import { requireProvider } from "./rpc/require.ts";
import { subscriptionSyncService } from "./rpc/sync/subscription-sync-service.ts";
import { healthOf } from "./rpc/webhooks/health.ts";
import { webhookService } from "./rpc/webhooks/webhook-service.ts";
import { workspaceService } from "./rpc/workspace-service.ts";
import { countConnectionEvents } from "./store/connection-events.ts";
import type { Database } from "./store/database.ts";
import { migrations } from "./store/migrations/index.ts";
import { connectionRelay } from "./workers/connection-relay.ts";

/** What the service works with, besides its configuration. */
export interface SubscriptionDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** To delivery's internal services, with the service key. Undefined: no webhook has its health. */
  readonly delivery?: Transport;
  /** To ingestion's internal services, with the service key. Undefined: events of connections wait. */
  readonly ingestion?: Transport;
}

/** The subscription service: providers, workspaces, event types, webhooks and keys. */
export interface SubscriptionService {
  /** The services that users call. */
  readonly routes: Routes;
  /** SubscriptionSyncService, for Posthorn's own services only. */
  readonly internalRoutes: Routes;
  /** Keys and workspaces straight from the tables, never cached. */
  readonly authority: Authority;
  readonly parts: readonly Part[];
  /** Brings the schema `subscription` up to date. */
  migrate(): Promise<void>;
  /** Makes the first keys, provider and workspace of an empty database; see BootstrapOptions. */
  bootstrap(options: BootstrapOptions): Promise<Bootstrapped | undefined>;
  /** Whether the secrets of the database can be read with this master key; true without any. */
  fitsMasterKey(): Promise<boolean>;
  /** Makes only the admin key of an empty database; gives whether it did. */
  bootstrapAdmin(options: { keep(adminKey: string): Promise<void> }): Promise<boolean>;
  /** Makes a key of the instance and gives its text, once. */
  createAdminKey(): Promise<string>;
  /** Makes an operator key of a provider and gives its text, once. Throws not_found. */
  createOperatorKey(provider: string): Promise<string>;
  /** Closes the connections. */
  close(): Promise<void>;
}

/** Composes the service. Connects only when it is used; throws when the master key is malformed. */
export function subscriptionService(
  config: SubscriptionConfig,
  { metrics, log, delivery, ingestion }: SubscriptionDeps,
): SubscriptionService {
  const master = masterKey(config.masterKey);
  const { db, pool, close } = openPostgres<Database>({
    url: config.databaseUrl,
    connectionCountMax: config.connectionCountMax,
    applicationName: "posthorn-subscription",
    searchPath: "subscription",
  });
  metrics.gauge({
    name: "posthorn_subscription_connection_waits",
    help: "Queries that wait for a free connection to the database.",
    collect: (gauge) => gauge.set(pool.waitingCount),
  });
  metrics.gauge({
    name: "posthorn_subscription_connection_events",
    help: "Events of connections that are not published: waiting, or parked after three failures.",
    labelNames: ["state"],
    async collect(gauge) {
      const unknown = { waiting: Number.NaN, parked: Number.NaN };
      const counts = await countConnectionEvents(db).catch(() => unknown);
      gauge.set({ state: "waiting" }, counts.waiting);
      gauge.set({ state: "parked" }, counts.parked);
    },
  });
  const relayWakeup = wakeup();
  const deps: Deps = {
    db,
    masterKey: master,
    urlPolicy: config.urlPolicy,
    pageTokens: pageTokens(derive(master, "subscription page tokens")),
    addHealth: healthOf(delivery, log),
    wakeRelay: relayWakeup.wake,
  };
  return {
    routes: publicRoutes(deps),
    internalRoutes: (router) =>
      router.service(SubscriptionSyncService, subscriptionSyncService(deps)),
    authority: storeAuthority(db),
    parts: ingestion === undefined ? [] : [relayTo(ingestion)],
    migrate: () => migrate({ db, schema: "subscription", migrations }),
    createAdminKey: () => mintAdminKey(db),
    createOperatorKey: async (provider) => mintOperatorKey(db, await requireProvider(db, provider)),
    bootstrap: (options) => bootstrap(deps, options),
    fitsMasterKey: () => fitsMasterKey(deps),
    bootstrapAdmin: (options) => bootstrapAdmin(deps, options),
    close,
  };

  function relayTo(transport: Transport): Part {
    const client = appClient(ConnectionEventService, transport);
    return connectionRelay({ db, ingestion: client, wakeup: relayWakeup, log });
  }
}

function publicRoutes(deps: Deps): Routes {
  return (router) =>
    router
      .service(ProviderService, providerService(deps))
      .service(WorkspaceService, workspaceService(deps))
      .service(EventTypeService, eventTypeService(deps))
      .service(WebhookService, webhookService(deps))
      .service(ConnectionService, connectionService(deps))
      .service(ApiKeyService, apiKeyService(deps));
}
