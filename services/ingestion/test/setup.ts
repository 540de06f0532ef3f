import { randomUUID } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { type Bus, eventsTopic, type StoredRecord } from "@posthorn/bus";
import { isUnavailable } from "@posthorn/postgres";
import { DeadLetterService } from "@posthorn/proto/posthorn/ingestion/v1/dead_letter_service";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import {
  type EventRecord,
  EventRecordSchema,
} from "@posthorn/proto/posthorn/topics/v1/event_record";
import { appClient, localTransport, serverInterceptors, withServiceKey } from "@posthorn/rpc";
import { logger, metrics, type Part, runParts } from "@posthorn/runtime";
import type { IngestionConfig } from "../src/config.ts";
import { ingestionService } from "../src/service.ts";
import { FakeSubscription } from "./fake-subscription.ts";

/** What a test of the whole service says about it. */
export interface SetupOptions {
  readonly url: string;
  readonly bus: Bus;
  readonly subscription?: FakeSubscription;
  readonly config?: Partial<IngestionConfig>;
  /** Milliseconds, for every clock of the service. */
  readonly now?: () => number;
}

export const silent = logger({ name: "test", level: "silent" });

/** Starts the service over a database and a log; `stop` lets go of all but those two. */
export async function startService({ url, bus, config, now, ...options }: SetupOptions) {
  const subscription = options.subscription ?? new FakeSubscription();
  const { serviceKey } = subscription;
  const authority = subscription.authority(now);
  const service = ingestionService(
    {
      databaseUrl: url,
      connectionCountMax: 5,
      serviceKey,
      partitionCount: 4,
      ingestTopics: [],
      ingestPartitionCount: 2,
      ...config,
    },
    {
      log: silent,
      metrics: metrics(),
      bus,
      subscription: subscription.transport(),
      authority,
      ...(now && { now, monotonicNow: now }),
    },
  );
  const running = runningParts(service.parts);
  await running.ready;
  const { routes } = service;
  const interceptors = serverInterceptors({ authority, serviceKey, log: silent, isUnavailable });
  const transport = localTransport(routes, { interceptors });
  return {
    subscription,
    service,
    transport,
    failed: running.ended,
    publisher: (key: string) => appClient(PublishService, withServiceKey(transport, key)),
    deadLetters: (key: string) => appClient(DeadLetterService, withServiceKey(transport, key)),
    async stop() {
      running.stop();
      await running.ended.catch(() => {});
      await service.close();
    },
  };
}

/** Runs parts in the background. */
export function runningParts(parts: readonly Part[]) {
  const stop = new AbortController();
  const ready = Promise.withResolvers<void>();
  const last: Part = {
    name: "ready",
    async run(signal, isReady) {
      isReady();
      ready.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  };
  const ended = runParts([...parts, last], { stop: stop.signal, stopTimeoutMs: 10_000 });
  ended.catch(ready.reject);
  return { ready: ready.promise, ended, stop: () => stop.abort() };
}

/** Reads a topic from its beginning to its end as it is now, partition by partition. */
export async function readTopic(bus: Bus, topic: string): Promise<StoredRecord[]> {
  const { partitionCount } = await bus.identity(topic);
  const partitions = Array.from({ length: partitionCount }, (_, partition) => partition);
  const ends = await Promise.all(partitions.map((partition) => bus.endOffset(topic, partition)));
  const left = new Set(partitions.filter((partition) => ends[partition] !== 0n));
  const records: StoredRecord[] = [];
  const done = Promise.withResolvers<void>();
  if (left.size === 0) done.resolve();
  const group = `reader-${randomUUID()}`;
  const reader = bus.consumer({
    topic,
    group,
    batchRecordsMax: 500,
    log: silent,
    handler: {
      start: async () => 0n,
      async handle(batch) {
        const next = (batch.records.at(-1)?.offset ?? 0n) + 1n;
        records.push(...batch.records.map(copyOf));
        if (next >= (ends[batch.partition] ?? 0n)) left.delete(batch.partition);
        if (left.size === 0) done.resolve();
        return next;
      },
    },
  });
  const running = runningParts([reader]);
  await Promise.race([done.promise, running.ended]);
  running.stop();
  await running.ended;
  return records.sort((one, other) => one.partition - other.partition);
}

function copyOf(record: StoredRecord): StoredRecord {
  return { ...record, value: Uint8Array.from(record.value) };
}

/** Gives the events of the log that belong to a workspace, oldest first. */
export async function loggedEvents(bus: Bus, workspaceId: string): Promise<EventRecord[]> {
  const records = await readTopic(bus, eventsTopic);
  return records
    .map(({ value }) => fromBinary(EventRecordSchema, value))
    .filter((record) => record.workspaceId === workspaceId);
}
