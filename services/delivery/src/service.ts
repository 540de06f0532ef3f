import type { Transport } from "@connectrpc/connect";
import { type Bus, eventsTopic, outcomesTopic } from "@posthorn/bus";
import { egress } from "@posthorn/egress";
import { migrate, openPostgres, pageTokens } from "@posthorn/postgres";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { EventService } from "@posthorn/proto/posthorn/delivery/v1/event_service";
import { ReplayService } from "@posthorn/proto/posthorn/delivery/v1/replay_service";
import { StatsService } from "@posthorn/proto/posthorn/delivery/v1/stats_service";
import { SystemService } from "@posthorn/proto/posthorn/delivery/v1/system_service";
import { WebhookTestService } from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
import { WebhookHealthService } from "@posthorn/proto/posthorn/internal/delivery/v1/webhook_health_service";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { appClient, type Routes } from "@posthorn/rpc";
import {
  type Logger,
  type Metrics,
  type Part,
  systemClock,
  type Tracing,
  untilStopped,
  wakeup,
} from "@posthorn/runtime";
import { derive, masterKey } from "@posthorn/sealing";
import type { DeliveryConfig } from "./config.ts";
import { deliveryGauges, deliveryMetrics } from "./metrics.ts";
import { deliveryService as deliveryRpc } from "./rpc/delivery-service.ts";
import { eventService } from "./rpc/event-service.ts";
import { replayService } from "./rpc/replay-service.ts";
import type { ShowDeps } from "./rpc/show-deliveries.ts";
import { statsService } from "./rpc/stats-service.ts";
import { systemService } from "./rpc/system-service.ts";
import { webhookHealthService } from "./rpc/webhook-health-service.ts";
import { webhookTestService } from "./rpc/webhook-test-service.ts";
import type { Database } from "./store/database.ts";
import { deliveryStore } from "./store/delivery-store.ts";
import { checkLog } from "./store/logs.ts";
import { migrations } from "./store/migrations/index.ts";
import { insertPartitions } from "./store/partitions.ts";
import { listPartitions } from "./store/system.ts";
import { act } from "./workers/act.ts";
import { Catalogs } from "./workers/catalogs.ts";
import { Days } from "./workers/days.ts";
import { fanOut } from "./workers/fan-out.ts";
import { notifications } from "./workers/notifications.ts";
import { Ownership } from "./workers/ownership.ts";
import { relay } from "./workers/relay.ts";
import { Replays } from "./workers/replays.ts";
import { ResultWriter } from "./workers/result-writer.ts";
import { Retention } from "./workers/retention.ts";
import { Sender } from "./workers/sender.ts";
import { Subscriptions } from "./workers/subscriptions.ts";
import { Watchers } from "./workers/watchers.ts";

/** How much of the outcomes the Postgres log keeps for readers that may never come. */
const outcomesKept = { ageMsMax: 14 * 86_400_000, bytesMax: 1024 * 1024 * 1024 };
const group = "posthorn.delivery";
const recordsPerBatchMax = 250;
/**
 * Plans of prepared statements are kept while tables grow a thousandfold, so they must not be
 * those that suit a small table. Every query here is served by an index.
 */
const indexesOnly = {
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
};

export interface DeliveryDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  readonly bus: Bus;
  /** Reaches the subscription service with the service key. */
  readonly subscription: Transport;
}

/** The delivery service, composed. */
export interface DeliveryServiceParts {
  /** The public RPCs. */
  readonly routes: Routes;
  /** WebhookHealthService, for Posthorn's own services only. */
  readonly internalRoutes: Routes;
  /** What runs as long as the process, in the order of starting. */
  readonly parts: readonly Part[];
  /** Brings the schema `delivery` up to date. */
  migrate(): Promise<void>;
  /** Lets go of connections; after the parts have ended. */
  close(): Promise<void>;
}

/** Composes the delivery service. Touches nothing before its parts run. */
export async function deliveryService(
  config: DeliveryConfig,
  deps: DeliveryDeps,
): Promise<DeliveryServiceParts> {
  const { log, bus, tracing } = deps;
  const postgres = openPostgres<Database>({
    url: config.databaseUrl,
    connectionCountMax: config.connectionCountMax,
    applicationName: "posthorn-delivery",
    searchPath: "delivery",
    settings: indexesOnly,
  });
  const { db } = postgres;
  const master = masterKey(config.masterKey);
  const tokens = pageTokens(derive(master, "page tokens"));
  const subscription = appClient(SubscriptionSyncService, deps.subscription);
  const subscriptions = new Subscriptions({ client: subscription, masterKey: master });
  const { send, close: closeEgress } = egress({
    policy: config.egress,
    refuseAddresses: config.ownAddresses,
  });
  const { partitionCount } = config;
  const days = new Days({ db, log });
  const notices = wakeup();
  const endsTold = config.outcomes === "all" ? "all" : "failures";
  const telling = { endsTold, onNotice: () => notices.wake() } as const;
  const outcomes = config.outcomes === "none" ? undefined : outcomesTopic;
  const store = deliveryStore(db);
  const clock = systemClock;
  const watchers = new Watchers({ db, log, now: clock.now });
  const ownership = new Ownership({ store, owner: config.owner, log, clock });
  const results = new ResultWriter({ store, log, clock, ...telling });
  const metrics = deliveryMetrics(deps.metrics);
  const sender = new Sender(
    {
      store,
      send,
      subscriptions,
      results,
      log,
      metrics,
      tracing,
      clock,
      random: Math.random,
      isWatched: (workspace) => watchers.isWatched(workspace),
    },
    { slotCount: config.slotCount, stopGraceMs: config.stopGraceMs },
  );
  const counts = {
    slotCount: config.slotCount,
    sendingCount: () => sender.sendingCount,
    unwrittenCount: () => results.waitingCount,
    ownedCount: () => ownership.ownedCount,
  };
  deliveryGauges(deps.metrics, {
    ...counts,
    lag,
    usedByClass: () => sender.usedByClass,
    oldestDueMs: () => sender.oldestDueMs(),
    queuedCount: () => sender.queuedCount,
    breakerCount: (state) => sender.countBreakers(state),
  });
  const { handler, part: handOver } = fanOut({
    store,
    ownership,
    sender,
    results,
    subscriptions,
    log,
    metrics,
    ...telling,
    onStored: (events) => watchers.onStored(events),
    tracing,
    ensureDays: (names) => days.ensure(names),
    clock,
  });
  const replays = new Replays({ db, ownership, sender, subscriptions, log, clock });
  const look: ShowDeps["look"] = (key) => sender.look(key);
  const showing = { db, partitionCount, look, now: clock.now };
  const paging = { ...showing, subscriptions, tokens };
  return {
    routes(router) {
      router.service(DeliveryService, deliveryRpc({ ...paging, watchers }));
      router.service(
        EventService,
        eventService({
          ...paging,
          watchers,
          subscription,
          catalogs: new Catalogs({ subscription }),
          bus,
          topic: eventsTopic,
        }),
      );
      router.service(
        SystemService,
        systemService({
          db,
          bus,
          topic: eventsTopic,
          subscriptions,
          log,
          process: { instance: config.owner, ...counts },
        }),
      );
      router.service(StatsService, statsService({ db, subscriptions, now: clock.now }));
      router.service(
        ReplayService,
        replayService({
          ...paging,
          bus,
          topic: eventsTopic,
          bodiesDays: config.retention.bodiesDays,
        }),
      );
      router.service(
        WebhookTestService,
        webhookTestService({
          db,
          send,
          subscriptions,
          subscription,
          days,
          partitionCount,
          tracing,
          now: clock.now,
        }),
      );
    },
    internalRoutes: (router) =>
      router.service(WebhookHealthService, webhookHealthService({ db, partitionCount })),
    parts: [
      ownedLog(),
      days.part(),
      ownership.part(),
      results.part(),
      relay({
        db,
        ownedPartitions: () => ownership.list().map(({ partition }) => partition),
        act: act({
          bus,
          subscription,
          subscriptions,
          eventsTopic,
          outcomesTopic: outcomes,
          partitionCount,
        }),
        wakeup: notices,
        log,
        metrics,
        clock,
      }),
      ...(outcomes === undefined ? [] : [bus.retention({ topic: outcomes, ...outcomesKept, log })]),
      sender.part(),
      new Retention(
        {
          db,
          log,
          clock,
          metrics,
          ownedPartitions: () => ownership.list(),
          forget: (partition, deliveryUuid) => sender.forget(partition, deliveryUuid),
        },
        config.retention,
      ).part(),
      watchers.part(),
      notifications({ url: config.databaseUrl, sender, watchers, replays, log }),
      replays.part(),
      handOver,
      bus.consumer({
        topic: eventsTopic,
        group,
        handler,
        batchRecordsMax: recordsPerBatchMax,
        log,
      }),
    ],
    async migrate() {
      await migrate({ db, schema: "delivery", migrations });
    },
    async close() {
      await closeEgress();
      await postgres.close();
    },
  };

  async function lag(): Promise<bigint> {
    const partitions = await listPartitions(db);
    const positions = new Map(partitions.map((each) => [each.partition, each.nextOffset]));
    const lags = await bus.lag(eventsTopic, positions);
    return [...lags.values()].reduce((sum, of) => sum + of, 0n);
  }

  /** Makes the topic and its partitions, and refuses a log that the offsets do not belong to. */
  function ownedLog(): Part {
    return {
      name: "events log",
      async run(stop, ready) {
        const topics = outcomes === undefined ? [eventsTopic] : [eventsTopic, outcomes];
        await bus.ensureTopics(topics.map((name) => ({ name, partitionCount })));
        await checkLog(db, eventsTopic, await bus.identity(eventsTopic));
        await insertPartitions(db, partitionCount);
        ready();
        await untilStopped(stop);
      },
    };
  }
}
