import { create } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { AppError } from "@posthorn/errors";
import {
  type CheckKeyRequest,
  type KnownConnection,
  KnownConnectionSchema,
  SubscriptionSyncService,
} from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { Level } from "@posthorn/proto/posthorn/type/v1/options";
import {
  hashKey,
  localTransport,
  newApiKey,
  type Routes,
  remoteAuthority,
  rpcServer,
  serverInterceptors,
  withServiceKey,
} from "@posthorn/rpc";
import { logger, newId, type Part } from "@posthorn/runtime";

/** A provider of the fake. */
export interface FakeProvider {
  revision: bigint;
  takesUnknownTypes: boolean;
  workspacesMustExist: boolean;
  /** JSON Schemas by type name; empty for none. */
  readonly types: Map<string, string>;
  /** Those of the types that only Posthorn publishes. */
  readonly reserved: Set<string>;
  /** Those of the types whose events carry previous values. */
  readonly previous: Set<string>;
  needsConnection: boolean;
  /** The members that data may not have, where data must be an object. */
  reservedMembers: readonly string[] | undefined;
  /** Workspace ids by alias. */
  readonly workspaces: Map<string, string>;
}

interface FakeKey {
  readonly level: Level;
  readonly provider: string;
  readonly workspaceId: string;
  readonly scopes: string[];
}

const serviceKey = "the-service-key";
const log = logger({ name: "fake subscription", level: "silent" });

/** Stands for the subscription service in tests: its internal proto, kept in memory. */
export class FakeSubscription {
  readonly providers = new Map<string, FakeProvider>();
  readonly #keys = new Map<string, FakeKey>();
  readonly #connections: KnownConnection[] = [];
  /** While true, every call fails as `unavailable`. */
  isDown = false;
  /** Calls by method. */
  readonly calls: string[] = [];

  /** Adds a provider with types that have no schema. */
  addProvider(name: string, typeNames: readonly string[] = []): FakeProvider {
    const provider: FakeProvider = {
      revision: 1n,
      takesUnknownTypes: false,
      workspacesMustExist: false,
      types: new Map(typeNames.map((typeName) => [typeName, ""])),
      reserved: new Set(),
      previous: new Set(),
      needsConnection: false,
      reservedMembers: undefined,
      workspaces: new Map(),
    };
    this.providers.set(name, provider);
    return provider;
  }

  /** Sets a type, as a call that has been answered. */
  setType(provider: string, name: string, schema = ""): void {
    const found = this.#provider(provider);
    found.types.set(name, schema);
    found.revision += 1n;
  }

  /** Gives a key of a provider; with a workspace id, one of that workspace. */
  addKey(provider: string, workspaceId = "", scopes = ["events:publish"]): string {
    const key = newApiKey("ph_");
    const level = workspaceId === "" ? Level.OPERATOR : Level.WORKSPACE;
    this.#keys.set(nameOf(hashKey(key)), { level, provider, workspaceId, scopes });
    return key;
  }

  /** Adds a connection to a workspace; gives its id. */
  addConnection(workspaceId: string, integrationName = "shopify"): string {
    const connectionId = newId("conn");
    this.#connections.push(
      create(KnownConnectionSchema, { workspaceId, connectionId, integrationName }),
    );
    return connectionId;
  }

  /** Ends a connection's first sync, as a call that has been answered. */
  endFirstSync(connectionId: string, end: Timestamp): void {
    for (const connection of this.#connections) {
      if (connection.connectionId === connectionId) connection.firstSyncCompleteTime = end;
    }
  }

  /** Deletes a connection, as a call that has been answered. */
  deleteConnection(connectionId: string): void {
    for (const connection of this.#connections) {
      if (connection.connectionId === connectionId) connection.deleted = true;
    }
  }

  /** Revokes a key. */
  revokeKey(key: string): void {
    this.#keys.delete(nameOf(hashKey(key)));
  }

  /** Gives a transport that other services would have to it, with the service key. */
  transport() {
    const local = localTransport(this.#routes(), { interceptors: interceptors() });
    return withServiceKey(local, serviceKey);
  }

  /** What callers have to show. */
  get serviceKey(): string {
    return serviceKey;
  }

  /** Gives a server of it, for tests whose service is a process of its own. */
  server(port: number): Part {
    return rpcServer({
      name: "fake subscription",
      host: "127.0.0.1",
      port,
      routes: this.#routes(),
      interceptors: interceptors(),
    });
  }

  /** Gives an authority that asks it; `now` governs how long answers are kept. */
  authority(now?: () => number) {
    return remoteAuthority({ transport: this.transport(), ...(now && { now }) });
  }

  #routes(): Routes {
    return (router) =>
      router.service(SubscriptionSyncService, {
        checkKey: (request) => this.#answer("checkKey", () => this.#checkKey(request)),
        resolveWorkspace: ({ provider, workspace, createIfMissing }) =>
          this.#answer("resolveWorkspace", () => ({
            workspaceId: this.#resolve(provider, workspace, createIfMissing),
          })),
        syncCatalog: ({ provider, knownRevision }) =>
          this.#answer("syncCatalog", () => this.#catalog(provider, knownRevision)),
        getConnections: ({ keys }) =>
          this.#answer("getConnections", () => ({
            connections: this.#connections.filter((connection) =>
              keys.some(
                ({ workspaceId, connectionId }) =>
                  connection.workspaceId === workspaceId &&
                  connection.connectionId === connectionId,
              ),
            ),
          })),
        addEventType: ({ provider, name }) =>
          this.#answer("addEventType", () => {
            if (!this.#provider(provider).takesUnknownTypes) {
              throw new AppError("precondition", "the catalog is closed");
            }
            this.setType(provider, name);
            return {};
          }),
      });
  }

  #answer<T>(call: string, give: () => T): T {
    this.calls.push(call);
    if (this.isDown) throw new AppError("unavailable", "down");
    return give();
  }

  #checkKey({ keySha256 }: CheckKeyRequest) {
    const key = this.#keys.get(nameOf(keySha256));
    if (key === undefined) throw new AppError("not_found", "unknown key");
    return { keyId: newId("key"), ...key };
  }

  #resolve(providerName: string, workspace: string, create: boolean): string {
    const provider = this.#provider(providerName);
    if ([...provider.workspaces.values()].includes(workspace)) return workspace;
    const known = provider.workspaces.get(workspace);
    if (known !== undefined) return known;
    if (!create || provider.workspacesMustExist) throw new AppError("not_found", "no workspace");
    const id = newId("ws");
    provider.workspaces.set(workspace, id);
    return id;
  }

  #catalog(providerName: string, knownRevision: bigint) {
    const provider = this.#provider(providerName);
    const { revision, takesUnknownTypes, types, reserved, previous } = provider;
    if (knownRevision === revision) return { revision };
    const eventTypes = [...types].map(([name, schema]) => ({
      name,
      schema: Buffer.from(schema),
      reserved: reserved.has(name),
      hasPrevious: previous.has(name),
    }));
    const { needsConnection, reservedMembers } = provider;
    return {
      revision,
      catalog: {
        eventTypes,
        takesUnknownTypes,
        needsConnection,
        spreadsData: reservedMembers !== undefined,
        reservedMembers: [...(reservedMembers ?? [])],
      },
    };
  }

  #provider(name: string): FakeProvider {
    const provider = this.providers.get(name);
    if (provider === undefined) throw new AppError("not_found", `provider ${name} was not found`);
    return provider;
  }
}

function interceptors() {
  const nobody = { checkKey: async () => undefined, resolveWorkspace: async () => undefined };
  return serverInterceptors({ authority: nobody, serviceKey, log });
}

function nameOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString("hex");
}
