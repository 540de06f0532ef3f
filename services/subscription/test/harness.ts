import type { DescService } from "@bufbuild/protobuf";
import { type Client, createRouterTransport, type Transport } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { isUnavailable } from "@posthorn/postgres";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { ApiKeyService } from "@posthorn/proto/posthorn/subscription/v1/api_key_service";
import { ConnectionService } from "@posthorn/proto/posthorn/subscription/v1/connection_service";
import { EventTypeService } from "@posthorn/proto/posthorn/subscription/v1/event_type_service";
import { ProviderService } from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { WorkspaceService } from "@posthorn/proto/posthorn/subscription/v1/workspace_service";
import { appClient, serverInterceptors, withServiceKey } from "@posthorn/rpc";
import { logger, metrics, newUuid } from "@posthorn/runtime";
import { newMasterKey } from "@posthorn/sealing";
import { testDatabase } from "@posthorn/testkit";
import pg from "pg";
import { type SubscriptionService, subscriptionService } from "../src/index.ts";

const serviceKey = "key-of-the-services";
const log = logger({ name: "subscription test", level: "silent" });

/** The clients of one key. */
export interface Clients {
  readonly providers: Client<typeof ProviderService>;
  readonly workspaces: Client<typeof WorkspaceService>;
  readonly eventTypes: Client<typeof EventTypeService>;
  readonly webhooks: Client<typeof WebhookService>;
  readonly connections: Client<typeof ConnectionService>;
  readonly keys: Client<typeof ApiKeyService>;
  readonly sync: Client<typeof SubscriptionSyncService>;
}

/** A provider with a workspace. */
export interface Tenant {
  readonly provider: string;
  readonly operatorKey: string;
  readonly workspaceId: string;
  /** With the operator key. */
  readonly as: Clients;
}

/** The service on a database of its own. */
export interface Harness {
  readonly service: SubscriptionService;
  readonly databaseUrl: string;
  readonly masterKey: string;
  readonly adminKey: string;
  readonly transport: Transport;
  readonly admin: Clients;
  /** With the service key. */
  readonly internal: Clients;
  /** Calls with a key. */
  with(key: string): Clients;
  /** Makes a provider of a fresh name, with lines of YAML added to its file, and a workspace. */
  tenant(yaml?: string): Promise<Tenant>;
  /** Opens ten connections, so that ten calls that begin together really meet. */
  warm(): Promise<void>;
  /** Runs a statement on the service's database. */
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** What a test says of the service; the rest is as in production. */
export interface HarnessOptions {
  /** Where it asks how webhooks fare. */
  readonly delivery?: Transport;
  /** Where it publishes what becomes of connections. */
  readonly ingestion?: Transport;
}

/** Starts the service on a migrated database, with real interceptors and an admin key. */
export async function harness(options: HarnessOptions = {}): Promise<Harness> {
  const masterKey = newMasterKey();
  const database = await testDatabase({ template: "subscription", migrate });
  const service = compose(database.url, masterKey, options);
  const interceptors = serverInterceptors({
    authority: service.authority,
    serviceKey,
    log,
    isUnavailable,
  });
  const transport = createRouterTransport(
    (router) => [service.routes, service.internalRoutes].map((put) => put(router)),
    { router: { interceptors } },
  );
  const withKey = (key: string) => clients(withServiceKey(transport, key));
  const first = await service.bootstrap({
    providerFile: yamlFile("name: first"),
    workspaceAlias: "first",
  });
  const adminKey = first?.adminKey ?? "";
  const admin = withKey(adminKey);
  return {
    service,
    databaseUrl: database.url,
    masterKey,
    adminKey,
    transport,
    admin,
    internal: withKey(serviceKey),
    with: withKey,
    async tenant(yaml = "") {
      const provider = `p-${newUuid().slice(-12)}`;
      const file = yamlFile(`name: ${provider}\n${yaml}`);
      const { operatorKey } = await admin.providers.applyProvider({ file });
      const as = withKey(operatorKey);
      const { id } = await as.workspaces.createWorkspace({ workspace: { alias: "acme" } });
      return { provider, operatorKey, workspaceId: id, as };
    },
    async warm() {
      await Promise.all(Array.from({ length: 10 }, () => admin.providers.listProviders({})));
    },
    query: (sql, values) => query(database.url, sql, values),
    async close() {
      await service.close();
      await database.drop();
    },
  };
}

/** Composes the service over a database. */
export function compose(
  databaseUrl: string,
  masterKey: string,
  options: HarnessOptions = {},
): SubscriptionService {
  const urlPolicy = { allowCidrs: ["127.0.0.1/32"], allowHttp: true };
  const config = { databaseUrl, connectionCountMax: 12, masterKey, urlPolicy };
  return subscriptionService(config, { log, metrics: metrics(), ...options });
}

/** Brings a database up to date. */
export async function migrate(url: string): Promise<void> {
  const service = compose(url, newMasterKey());
  await service.migrate();
  await service.close();
}

/** Gives a provider file in YAML. */
export function yamlFile(text: string) {
  return { contentType: "application/yaml", data: new TextEncoder().encode(text) };
}

/** Gives a provider file in JSON. */
export function jsonFile(text: string) {
  return { contentType: "application/json", data: new TextEncoder().encode(text) };
}

/** What a refused call was refused for. */
export interface Refusal {
  readonly reason: string;
  readonly fields: readonly string[];
}

/** Gives why a call was refused; fails when it was not, or not by us. */
export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    (answer) => new Error(`not refused: ${JSON.stringify(answer, replaceBigint)}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw error;
  return { reason: error.reason, fields: error.fields.map(({ field }) => field) };
}

function replaceBigint(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

async function query(url: string, sql: string, values: unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql, values);
    return rows;
  } finally {
    await client.end();
  }
}

function clients(transport: Transport): Clients {
  const client = <S extends DescService>(service: S) => appClient(service, transport);
  return {
    providers: client(ProviderService),
    workspaces: client(WorkspaceService),
    eventTypes: client(EventTypeService),
    webhooks: client(WebhookService),
    connections: client(ConnectionService),
    keys: client(ApiKeyService),
    sync: client(SubscriptionSyncService),
  };
}
