import { migrate, openPostgres } from "@posthorn/postgres";
import { dayOf, newUuid } from "@posthorn/runtime";
import { testDatabase } from "@posthorn/testkit";
import { Kysely, PostgresDialect, sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Database } from "./database.ts";
import { insertDay } from "./days.ts";
import { migrations } from "./migrations/index.ts";
import { freeHeads, listOrderingKeys } from "./ordering.ts";
import { listDue, listWaitingLanes } from "./schedule.ts";

const partition = 3;
const waitingCount = 50_000;
/** A way down the index and a leaf or two, for each of a few lanes. */
const buffersMax = 100;
let database: Awaited<ReturnType<typeof testDatabase>>;
let postgres: ReturnType<typeof openPostgres<Database>>;

beforeAll(async () => {
  database = await testDatabase();
  postgres = openPostgres<Database>({
    url: database.url,
    connectionCountMax: 2,
    applicationName: "test",
    searchPath: "delivery",
    settings: { enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off" },
  });
  await migrate({ db: postgres.db, schema: "delivery", migrations });
});
afterAll(async () => {
  await postgres.close();
  await database.drop();
});

/** Gives how many buffers a store function's statement touches. */
async function buffersOf(run: (db: Kysely<Database>) => Promise<unknown>): Promise<number> {
  const plans: Plan[] = [];
  const explaining = {
    async query(statement: string, parameters: readonly unknown[]) {
      const text = `explain (analyze, buffers, format json) ${statement}`;
      const { rows } = await postgres.pool.query<Explained>(text, [...parameters]);
      plans.push(...rows.flatMap((row) => row["QUERY PLAN"]).map((one) => one.Plan));
      return { command: "SELECT" as const, rowCount: 0, rows: [] };
    },
    release() {},
  };
  const pool = { connect: async () => explaining, end: async () => {} };
  // It is asked for queries only, never for cursors.
  await run(new Kysely<Database>({ dialect: new PostgresDialect({ pool: pool as never }) }));
  const buffers = (plan: Plan) => plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
  return plans.reduce((sum, plan) => sum + buffers(plan), 0);
}

interface Plan {
  readonly "Shared Hit Blocks": number;
  readonly "Shared Read Blocks": number;
}
interface Explained {
  readonly "QUERY PLAN": readonly { readonly Plan: Plan }[];
}

/** One webhook with one delivery that is due. */
async function insertFresh(): Promise<string> {
  const { db } = postgres;
  const [event, webhook, workspace] = [newUuid(), newUuid(), newUuid()];
  const day = dayOf(event);
  await insertDay(db, day);
  await sql`insert into delivery.event (day, id, workspace_id, partition, provider, type, data,
      event_time, accepted_at, ordering_key, traceparent, skipped)
    values (${day}, ${event}, ${workspace}, ${partition}, 'demo', 'a', '{}', '', now(), '', '',
      '[]')`.execute(db);
  await sql`insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day, event_id,
      workspace_id, attempt_count)
    values (${partition}, ${webhook}, now(), ${newUuid()}, ${day}, ${event}, ${workspace}, 0)`.execute(
    db,
  );
  return webhook;
}

/** What webhooks that are stopped hold, in the same partition, before and after the fresh one. */
async function insertWaiting(): Promise<void> {
  const { db } = postgres;
  const first = "00000000-0000-7000-8000-000000000000";
  const last = "ffffffff-ffff-7fff-bfff-ffffffffffff";
  for (const webhook of [first, last]) {
    await sql`insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day,
        event_id, workspace_id, attempt_count)
      select ${partition}, ${webhook}, now() - n * interval '1 second', gen_random_uuid(),
        current_date, gen_random_uuid(), gen_random_uuid(), 1
      from generate_series(1, ${waitingCount / 2}::integer) n`.execute(db);
  }
  await sql`analyze delivery.schedule`.execute(db);
}

describe("50,000 deliveries that wait for webhooks that are stopped", () => {
  it("make nobody read more to find a delivery that is due", async () => {
    const webhookUuid = await insertFresh();
    const key = { partition, webhookUuid, deliveryClass: 0, busy: [], countMax: 100 } as const;
    const due = (db: Kysely<Database>) => listDue(db, key);
    const lanes = (db: Kysely<Database>) => listWaitingLanes(db, partition);
    await buffersOf(due); // What is read once, such as the catalog, is read now.
    const alone = { due: await buffersOf(due), lanes: await buffersOf(lanes) };
    await insertWaiting();
    expect((await due(postgres.db)).due).toHaveLength(1);
    expect(await lanes(postgres.db)).toHaveLength(3);
    expect(await buffersOf(due)).toBeLessThan(alone.due + buffersMax);
    expect(await buffersOf(lanes)).toBeLessThan(alone.lanes + buffersMax);
  });
});

describe("50,000 deliveries that wait for one of their ordering key", () => {
  it("make nobody read more to find what is due, or comes next", async () => {
    const { db } = postgres;
    const webhookUuid = await insertFresh();
    const held = { partition, epoch: "1" };
    await sql`insert into delivery.partition (id, epoch) values (${partition}, 1)
      on conflict (id) do update set epoch = 1`.execute(db);
    const key = { partition, webhookUuid, deliveryClass: 0, busy: [], countMax: 100 } as const;
    const due = (on: Kysely<Database>) => listDue(on, key);
    const free = (on: Kysely<Database>) => freeHeads(on, { held, webhookUuid }, ["a", "b"]);
    const keys = (on: Kysely<Database>) =>
      listOrderingKeys(on, { held, webhookUuid }, { after: undefined, countMax: 10 });
    await sql`insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day,
        event_id, workspace_id, attempt_count, ordering_key, sequence, ready_at)
      select ${partition}, ${webhookUuid}, 'infinity', gen_random_uuid(), current_date,
        gen_random_uuid(), gen_random_uuid(), 0, case when n % 2 = 0 then 'a' else 'b' end, n, now()
      from generate_series(1, ${waitingCount}::integer) n`.execute(db);
    await sql`analyze delivery.schedule`.execute(db);
    expect(await buffersOf(due)).toBeLessThan(buffersMax);
    expect(await buffersOf(keys)).toBeLessThan(buffersMax);
    expect(await buffersOf(free)).toBeLessThan(buffersMax * 2);
    expect(await keys(db)).toEqual(["a", "b"]);
    expect(await free(db)).toEqual([]); // they are due since it was explained
    expect(await buffersOf(free)).toBeLessThan(buffersMax);
    expect((await due(db)).due).toHaveLength(1); // of the others there is no event
  });
});
