import { randomUUID } from "node:crypto";
import { migrate, openPostgres } from "@posthorn/postgres";
import type { Logger } from "@posthorn/runtime";
import type pg from "pg";
import type { Bus, TopicSpec } from "../bus.ts";
import { lagOf } from "../lag.ts";
import { inTransaction, openPool, toUnavailable } from "./connection.ts";
import { consumerPart } from "./consumer.ts";
import { ends as startEnds } from "./ends.ts";
import type { SegmentLimits } from "./maintenance.ts";
import * as createLog from "./migrations/2026-11-21T1200-create-log.ts";
import { notices as startNotices } from "./notices.ts";
import { getEnd, getIdentity, listEnds } from "./positions.ts";
import { publisher as startPublisher } from "./publisher.ts";
import { retentionPart } from "./retention.ts";
import { tails as startTails } from "./tails.ts";
import { ensureTopic } from "./topics.ts";

/** How to open the log that is kept in Postgres. */
export interface PostgresBusOptions {
  /** `postgres://user:password@host:port/database`; the tables live in its schema `bus`. */
  readonly url: string;
  readonly log: Logger;
  /** Used for reading, instead of a pool of the bus's own of four connections. Stays open. */
  readonly pool?: pg.Pool;
  /** When the log's tables are rotated. Default: at 256 MiB or a day, looked at every 10 s. */
  readonly segmentLimits?: SegmentLimits;
}

const segmentLimitsDefault: SegmentLimits = {
  bytesMax: 256 * 1024 * 1024,
  ageMsMax: 24 * 3_600_000,
  lookMs: 10_000,
};
const migrations = { "2026-11-21T1200-create-log": createLog };

/**
 * Opens the log of a database, and makes its tables if they are missing. Holds up to two
 * connections for appending and one for notifying, and, once something is consumed, one that
 * listens and those that read. Throws `unavailable` when the database does not answer.
 */
export async function postgresBus(options: PostgresBusOptions): Promise<Bus> {
  await answering(migrateLog(options.url));
  return openBus(options);
}

async function migrateLog(url: string): Promise<void> {
  const applicationName = "posthorn bus migrate";
  const postgres = openPostgres<unknown>({ url, connectionCountMax: 1, applicationName });
  try {
    await migrate({ db: postgres.db, schema: "bus", migrations });
  } finally {
    await postgres.close();
  }
}

function openBus({ url, log, pool: givenPool, segmentLimits }: PostgresBusOptions): Bus {
  const pools = openPools({ url, log, givenPool });
  const busId = randomUUID();
  const ends = startEnds();
  const tails = startTails();
  const notices = startNotices({ url, pool: pools.notify, busId, ends, log });
  const publisher = startPublisher({
    pool: pools.append,
    log,
    room: tails.room,
    onAppending: tails.announce,
    onAppended(place, appended) {
      const end = appended.firstOffset + BigInt(appended.records.length);
      tails.put(place, appended);
      ends.observe(place, end);
      notices.send({ kind: "appended", place, end });
    },
  });
  const consumerDeps = {
    pool: pools.read,
    busId,
    ends,
    tails,
    notices,
    segmentLimits: segmentLimits ?? segmentLimitsDefault,
  };
  return {
    ensureTopics: (topics) => answering(ensureTopics(pools.read, topics)),
    identity: (topic) => answering(getIdentity(pools.read, topic)),
    publish: (topic, records) => publisher.publish(topic, records),
    endOffset: (topic, partition) => answering(getEnd(pools.read, topic, partition)),
    consumer: (options) => consumerPart(consumerDeps, options),
    retention: (options) => retentionPart(consumerDeps, options),
    async lag(topic, positions) {
      return lagOf(positions, await answering(listEnds(pools.read, topic)));
    },
    async close() {
      await publisher.close();
      await notices.close();
      await pools.close();
    },
  };
}

/** One transaction a topic; topics that two processes create at once are created once. */
async function ensureTopics(pool: pg.Pool, topics: readonly TopicSpec[]): Promise<void> {
  await inTransaction(pool, async (client) => {
    await client.query("lock table bus.topic in share row exclusive mode");
    for (const topic of topics) await ensureTopic(client, topic);
  });
}

interface Pools {
  readonly append: pg.Pool;
  readonly notify: pg.Pool;
  readonly read: pg.Pool;
  close(): Promise<void>;
}

function openPools(options: { url: string; log: Logger; givenPool: pg.Pool | undefined }): Pools {
  const { givenPool, ...common } = options;
  const append = openPool({ ...common, name: "append", connectionCountMax: 2 });
  const notify = openPool({ ...common, name: "notify", connectionCountMax: 1, unsafeCommit: true });
  const read = givenPool ?? openPool({ ...common, name: "read", connectionCountMax: 4 });
  const own = givenPool ? [append, notify] : [append, notify, read];
  let closing: Promise<unknown> | undefined;
  return {
    append,
    notify,
    read,
    async close() {
      closing ??= Promise.all(own.map((pool) => pool.end()));
      await closing;
    },
  };
}

async function answering<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    throw toUnavailable(error, "the log does not answer");
  }
}
