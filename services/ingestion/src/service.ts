import { hkdfSync } from "node:crypto";
import type { Transport } from "@connectrpc/connect";
import type { Bus } from "@posthorn/bus";
import { isPassing, openPostgres, pageTokens } from "@posthorn/postgres";
import { DeadLetterService } from "@posthorn/proto/posthorn/ingestion/v1/dead_letter_service";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { ConnectionEventService } from "@posthorn/proto/posthorn/internal/ingestion/v1/connection_event_service";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { type Authority, appClient, type Routes } from "@posthorn/rpc";
import {
  type Logger,
  type Metrics,
  newId,
  newUuid,
  type Part,
  retrying,
  type Tracing,
  untilStopped,
} from "@posthorn/runtime";
import type { IngestionConfig } from "./config.ts";
import { ingestionMetrics } from "./metrics.ts";
import { catalogs } from "./publish/catalogs.ts";
import { connections } from "./publish/connections.ts";
import { type EventLog, eventLog } from "./publish/event-log.ts";
import { keyClaims } from "./publish/key-claims.ts";
import { publisher } from "./publish/publisher.ts";
import { connectionEventService } from "./rpc/connection-event-service.ts";
import { deadLetterService } from "./rpc/dead-letter-service.ts";
import { publishService } from "./rpc/publish-service.ts";
import type { Database } from "./store/database.ts";
import { migrateIngestion } from "./store/migrate.ts";
import { ingestConsumer } from "./workers/ingest-consumer.ts";
import { sweeper } from "./workers/sweeper.ts";

/** What the process that holds the service gives it. */
export interface IngestionDeps {
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Undefined: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  readonly bus: Bus;
  /** Reaches the subscription service, with the service key. */
  readonly subscription: Transport;
  readonly authority: Authority;
  /** Milliseconds since 1970; default Date.now. */
  readonly now?: () => number;
  /** Milliseconds that never go back; default performance.now. */
  readonly monotonicNow?: () => number;
}

/** The ingestion service: takes events by RPC and from ingest topics into the log of events. */
export interface IngestionService {
  /** PublishService and DeadLetterService. */
  readonly routes: Routes;
  /** ConnectionEventService, for Posthorn's own services only. */
  readonly internalRoutes: Routes;
  /** The log of events, one consumer for each ingest topic, the sweeper; they need the schema. */
  readonly parts: readonly Part[];
  /** Brings the schema `ingestion` up to date. */
  migrate(): Promise<void>;
  /** Lets go of Postgres; the bus is the process's. */
  close(): Promise<void>;
}

/** Wires the service. Nothing connects before it is used. */
export function ingestionService(config: IngestionConfig, deps: IngestionDeps): IngestionService {
  const { log, bus, authority } = deps;
  const nowMs = deps.now ?? Date.now;
  const monotonicMs = deps.monotonicNow ?? (() => performance.now());
  const postgres = openPostgres<Database>({
    url: config.databaseUrl,
    connectionCountMax: config.connectionCountMax,
    applicationName: "posthorn ingestion",
    searchPath: "ingestion",
  });
  const { db } = postgres;
  const counts = ingestionMetrics(deps.metrics, { db, bus, topics: config.ingestTopics });
  const events = eventLog({ bus }, config);
  const subscription = appClient(SubscriptionSyncService, deps.subscription);
  const publishing = publisher({
    bus,
    eventLog: events,
    catalogs: catalogs({ subscription, log, monotonicMs }),
    connections: connections({ subscription, log, monotonicMs }),
    claimKeys: keyClaims({ db, newEventUuid: () => newUuid(nowMs()), nowMs }),
    newEventId: (atMs) => newId("evt", atMs),
    nowMs,
    tracing: deps.tracing,
  });
  const publishDeps = {
    publisher: publishing,
    authority,
    monotonicMs,
    countAccepted: counts.countPublished,
  };
  const ingestDeps = {
    publisher: publishing,
    authority,
    bus,
    db,
    log,
    newUuid: () => newUuid(nowMs()),
    nowMs,
    countTaken: counts.countTaken,
  };
  const pages = pageTokens(pageTokenKey(config.serviceKey));
  return {
    routes(router) {
      router.service(PublishService, publishService(publishDeps));
      router.service(DeadLetterService, deadLetterService({ db, pages }));
    },
    internalRoutes: (router) =>
      router.service(ConnectionEventService, connectionEventService(publishDeps)),
    parts: [
      openEventLog(events),
      ...config.ingestTopics.map(({ topic, provider }) =>
        ingestConsumer(ingestDeps, {
          topic,
          provider,
          partitionCount: config.ingestPartitionCount,
        }),
      ),
      sweeper({ db, log, nowMs }, sweeping),
    ],
    migrate: () => migrateIngestion(config.databaseUrl),
    close: () => postgres.close(),
  };
}

const sweeping = { intervalMs: 60_000, batchCountMax: 5_000 };

/** Holds up what follows until the log of events is there. */
function openEventLog(events: EventLog): Part {
  return {
    name: "event log",
    async run(stop, ready) {
      await retrying(() => events.open(), { isTransient: isPassing, stop });
      ready();
      await untilStopped(stop);
    },
  };
}

/** A key of its own, so that the service key itself seals nothing. */
function pageTokenKey(serviceKey: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", serviceKey, "", "posthorn ingestion page tokens", 32));
}
