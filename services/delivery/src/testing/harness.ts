import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import { type Bus, eventsTopic, partitionOf, postgresBus } from "@posthorn/bus";
import { isUnavailable } from "@posthorn/postgres";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { EventService } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { ReplayService } from "@posthorn/proto/posthorn/delivery/v1/replay_service";
import { StatsService } from "@posthorn/proto/posthorn/delivery/v1/stats_service";
import { SystemService } from "@posthorn/proto/posthorn/delivery/v1/system_service";
import { WebhookTestService } from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
import { WebhookHealthService } from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import { EventRecordSchema } from "@posthorn/proto/posthorn/topics/v1/event_record";
import {
  type Authority,
  appClient,
  localTransport,
  newApiKey,
  serverInterceptors,
  withServiceKey,
} from "@posthorn/rpc";
import { logger, metrics, newId, type Part, runParts } from "@posthorn/runtime";
import { testDatabase } from "@posthorn/testkit";
import type { DeliveryConfig } from "../config.ts";
import { deliveryService } from "../service.ts";
import { fakeSubscription } from "./fake-subscription.ts";

const log = logger({ name: "test", level: "silent" });
const partitionCount = 4;
const key = newApiKey("ph_");
const serviceKey = "service-key";

/** What a test publishes; the rest has defaults. */
export interface TestEvent {
  readonly type?: string;
  readonly data?: string;
  readonly id?: string;
  /** Now unless it is given; the id is of that time, too. */
  readonly acceptedAt?: Date;
  readonly deliverAt?: Date;
  readonly orderingKey?: string;
  /** When it happened. */
  readonly time?: Date;
  /** Comes from an integration called `shopify`. */
  readonly connection?: string;
  readonly previousAttributes?: string;
  /** When its connection's first sync had ended. */
  readonly firstSyncEnd?: Date;
}

/** A database with its log, and delivery processes on them that can be started and stopped. */
export async function deliveryHarness() {
  const database = await testDatabase();
  const subscription = fakeSubscription();
  const bus = await postgresBus({ url: database.url, log });
  await bus.ensureTopics([{ name: eventsTopic, partitionCount }]);
  return {
    url: database.url,
    bus,
    subscription,
    /** Appends events of one workspace to the log, as ingestion does; gives their ids. */
    publish: (workspace: string, ...events: readonly TestEvent[]) =>
      publish(bus, { workspace, provider: subscription.providerOf(workspace) }, events),
    start: (config: Partial<DeliveryConfig> = {}) =>
      start({ url: database.url, bus, subscription, config }),
    async close() {
      await bus.close();
      await database.drop();
    },
  };
}

async function publish(
  bus: Bus,
  { workspace, provider }: { workspace: string; provider: string },
  events: readonly TestEvent[],
): Promise<readonly string[]> {
  const partition = partitionOf(workspace, partitionCount);
  const ids = events.map(({ id, acceptedAt }) => id ?? newId("evt", acceptedAt?.getTime()));
  const records = events.map((event, index) => {
    const { id, type, data, orderingKey, acceptedAt, deliverAt, connection = "" } = event;
    const record = create(EventRecordSchema, {
      eventId: ids[index] ?? "",
      workspaceId: workspace,
      provider,
      type: type ?? "order.created",
      data: Buffer.from(data ?? "{}"),
      orderingKey: orderingKey ?? "",
      occurTime: timestampFromDate(event.time ?? new Date("2024-01-15T10:30:00Z")),
      acceptTime: timestampFromDate(acceptedAt ?? new Date()),
      ...(deliverAt && { deliverTime: timestampFromDate(deliverAt) }),
      connectionId: connection,
      integrationName: connection === "" ? "" : "shopify",
      previousAttributes: Buffer.from(event.previousAttributes ?? ""),
      ...(event.firstSyncEnd && { firstSyncCompleteTime: timestampFromDate(event.firstSyncEnd) }),
      isRepeat: id !== undefined, // a test that gives an id may give it twice
    });
    const value = toBinary(EventRecordSchema, record);
    return { partition, key: Buffer.from(workspace), value, headers: {} };
  });
  await bus.publish(eventsTopic, records);
  return ids;
}

/** One delivery process and clients of its RPCs. */
export interface DeliveryProcess {
  readonly deliveries: Client<typeof DeliveryService>;
  readonly events: Client<typeof EventService>;
  readonly replays: Client<typeof ReplayService>;
  readonly tests: Client<typeof WebhookTestService>;
  readonly stats: Client<typeof StatsService>;
  readonly system: Client<typeof SystemService>;
  /** What `/metrics` would show. */
  metrics(): Promise<string>;
  /** What other services ask, with the service key. */
  readonly health: Client<typeof WebhookHealthService>;
  /** The same with an operator's key, which opens nothing of it. */
  readonly closedHealth: Client<typeof WebhookHealthService>;
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
}

async function start(options: {
  url: string;
  bus: Bus;
  subscription: ReturnType<typeof fakeSubscription>;
  config: Partial<DeliveryConfig>;
}): Promise<DeliveryProcess> {
  const config: DeliveryConfig = {
    databaseUrl: options.url,
    connectionCountMax: 8,
    masterKey: options.subscription.masterKey,
    owner: newId("key"),
    partitionCount,
    slotCount: 256,
    stopGraceMs: 2_000,
    outcomes: "failures",
    retention: { bodiesDays: 30, rowsDays: 90 },
    ownAddresses: [],
    egress: { allowCidrs: ["127.0.0.1/32"], allowHttp: true },
    ...options.config,
  };
  const deps = {
    log,
    metrics: metrics(),
    bus: options.bus,
    subscription: options.subscription.transport,
  };
  const service = await deliveryService(config, deps);
  await service.migrate();
  const stop = new AbortController();
  const started = Promise.withResolvers<void>();
  const last: Part = {
    name: "started",
    async run(end, ready) {
      ready();
      started.resolve();
      await new Promise((resolve) => end.addEventListener("abort", resolve, { once: true }));
    },
  };
  const running = runParts([...service.parts, last], { stop: stop.signal, stopTimeoutMs: 20_000 });
  await Promise.race([started.promise, running]);
  const interceptors = serverInterceptors({ authority, serviceKey, log, isUnavailable });
  const local = localTransport(service.routes, { interceptors });
  const transport = withServiceKey(local, key);
  const internal = localTransport(service.internalRoutes, { interceptors });
  return {
    deliveries: appClient(DeliveryService, transport),
    events: appClient(EventService, transport),
    replays: appClient(ReplayService, transport),
    tests: appClient(WebhookTestService, transport),
    stats: appClient(StatsService, transport),
    system: appClient(SystemService, transport),
    metrics: () => deps.metrics.registry.metrics(),
    health: appClient(WebhookHealthService, withServiceKey(internal, serviceKey)),
    closedHealth: appClient(WebhookHealthService, withServiceKey(internal, key)),
    async stop() {
      stop.abort();
      await running;
      await service.close();
    },
  };
}

/** Knows one operator key; workspaces are named by their ids. */
const authority: Authority = {
  checkKey: async () => ({
    keyId: "key_test",
    level: "operator",
    provider: "demo",
    scopes: [],
    compat: "",
  }),
  resolveWorkspace: async ({ workspace }) => workspace,
};
