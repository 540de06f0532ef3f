import { openPostgres } from "@posthorn/postgres";
import { Delivery_State } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { idToUuid, logger, newId, newUuid, systemClock } from "@posthorn/runtime";
import { eventually, receiver } from "@posthorn/testkit";
import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { copyWithoutBodies } from "../store/bodies.ts";
import type { Database } from "../store/database.ts";
import { type DeliveryProcess, deliveryHarness } from "../testing/harness.ts";
import type { OwnedPartition } from "./ownership.ts";
import { Retention } from "./retention.ts";

type Harness = Awaited<ReturnType<typeof deliveryHarness>>;
let harness: Harness;
let delivery: DeliveryProcess;
let postgres: ReturnType<typeof openPostgres<Database>>;
const going = new AbortController().signal;
const dayMs = 86_400_000;

beforeAll(async () => {
  harness = await deliveryHarness();
  delivery = await harness.start();
  postgres = openPostgres<Database>({
    url: harness.url,
    connectionCountMax: 6,
    applicationName: "test",
    searchPath: "delivery",
    settings: { enable_seqscan: "off", enable_hashjoin: "off", enable_mergejoin: "off" },
  });
});
afterAll(async () => {
  await postgres.close();
  await delivery.stop();
  await harness.close();
});

/** A workspace with a webhook that answers as told and is tried again after a minute. */
async function setup(answers: readonly number[] = [200]) {
  const target = await receiver({ answers });
  const workspace = harness.subscription.addWorkspace();
  const webhook = harness.subscription.addWebhook(workspace, {
    url: target.url,
    delaysMs: [60_000],
  });
  return {
    target,
    workspace,
    webhook,
    /** Publishes an event of so many days ago and waits until it has been tried. */
    async publish(daysAgo: number, data = '{"a":1}') {
      const id = newId("evt", Date.now() - daysAgo * dayMs);
      await harness.publish(workspace, { id, data, previousAttributes: '{"a":0}' });
      await eventually(async () => {
        const event = await delivery.events.getEvent({ workspace, event: id });
        expect(event.deliveries).toMatchObject([{ attemptCount: 1 }]);
      });
      return id;
    },
    get: (event: string) => delivery.events.getEvent({ workspace, event }),
  };
}

/** A retention beside the process's own, which looks once an hour. */
function retention(options: { owns?: boolean; bodiesDays?: number; rowsDays?: number } = {}) {
  const forgotten: string[] = [];
  const { owns = true, bodiesDays = 30, rowsDays = 90 } = options;
  const owned = async () => {
    const rows = await postgres.db.selectFrom("partition").select(["id", "epoch"]).execute();
    return rows.map(
      ({ id, epoch }): OwnedPartition => ({
        partition: id,
        epoch,
        lost: going,
        isSafe: () => true,
      }),
    );
  };
  return {
    forgotten,
    async turn() {
      const partitions = owns ? await owned() : [];
      const made = new Retention(
        {
          db: postgres.db,
          log: logger({ name: "test", level: "silent" }),
          clock: systemClock,
          metrics: { onExpired() {}, onRetentionFailure() {} },
          ownedPartitions: () => partitions,
          forget: (_, uuid) => forgotten.push(uuid),
        },
        { bodiesDays, rowsDays },
      );
      return made.turn(going);
    },
  };
}

async function connected(): Promise<Client> {
  const client = new Client({ connectionString: harness.url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

async function partitions(client: Client, day: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_class where relnamespace = 'delivery'::regnamespace
      and relkind = 'r' and relname like '%' || $1 || '%' order by relname`,
    [day.replaceAll("-", "")],
  );
  return rows.map(({ name }) => name);
}

function dayAgo(count: number): string {
  return new Date(Date.now() - count * dayMs).toISOString().slice(0, 10);
}

describe("an event's body", () => {
  it("goes after 30 days, and what became of the event stays", async () => {
    const { publish, get, workspace } = await setup();
    const old = await publish(32);
    const young = await publish(29);
    const before = await get(old);
    expect(await retention().turn()).toBe(true);
    const after = await get(old);
    const none = new Uint8Array();
    expect(before.previousAttributes).not.toEqual(none);
    expect(after).toMatchObject({ dataExpired: true, data: none, type: before.type });
    expect(after.previousAttributes).toEqual(none);
    expect(after.time).toEqual(before.time);
    expect(after.deliveries).toEqual(before.deliveries);
    const kept = await get(young);
    expect(kept.dataExpired).toBe(false);
    expect(Buffer.from(kept.data).toString()).toBe('{"a":1}');
    const { events } = await delivery.events.listEvents({ workspace });
    expect(events.map(({ id, dataExpired }) => [id, dataExpired])).toEqual([
      [young, false],
      [old, true],
    ]);
  });

  it("is kept for as many days as the operator says", async () => {
    const { publish, get } = await setup();
    const event = await publish(9);
    await retention({ bodiesDays: 9 }).turn();
    expect(await get(event)).toMatchObject({ dataExpired: false });
    await retention({ bodiesDays: 7 }).turn();
    expect(await get(event)).toMatchObject({ dataExpired: true });
  });

  it("is gone for good: the event cannot be sent again", async () => {
    const { publish, get, workspace } = await setup();
    const event = await publish(33);
    await retention().turn();
    const [shown] = (await get(event)).deliveries;
    const again = delivery.deliveries.resendDelivery({ workspace, delivery: shown?.id ?? "" });
    await expect(again).rejects.toMatchObject({ reason: "precondition" });
  });

  it("takes with it what still waits (PENDING --> CANCELED: its event's body has expired)", async () => {
    const { publish, get, workspace, target } = await setup([500]);
    const old = await publish(34);
    const young = await publish(20);
    const { turn, forgotten } = retention();
    expect(await turn()).toBe(true);
    const [expired] = (await get(old)).deliveries;
    expect(expired).toMatchObject({
      state: Delivery_State.CANCELED,
      stateReason: "BODY_EXPIRED",
      attemptCount: 1,
    });
    expect(expired?.nextAttemptTime).toBeUndefined();
    expect(forgotten).toContain(idToUuid("dlv", expired?.id ?? ""));
    expect((await get(young)).deliveries).toMatchObject([{ state: Delivery_State.PENDING }]);
    const workspaceUuid = idToUuid("ws", workspace) ?? "";
    const waiting = await postgres.db
      .selectFrom("schedule")
      .select("event_id")
      .where("workspace_id", "=", workspaceUuid)
      .execute();
    expect(waiting).toEqual([{ event_id: idToUuid("evt", young) }]);
    expect(target.requests).toHaveLength(2);
  });

  it("takes with it what a paused webhook holds (HELD --> CANCELED: its event's body has expired)", async () => {
    const { publish, get, workspace, webhook } = await setup([500]);
    const event = await publish(35);
    harness.subscription.setState(workspace, webhook.id, "PAUSED");
    await retention().turn();
    expect((await get(event)).deliveries).toMatchObject([
      { state: Delivery_State.CANCELED, stateReason: "BODY_EXPIRED" },
    ]);
  });

  it("takes with it a delivery that was made in the moment in which it went", async () => {
    const { publish, get, target } = await setup([500]);
    const event = await publish(41);
    await retention().turn();
    const { db } = postgres;
    const uuid = idToUuid("evt", event) ?? "";
    await db
      .updateTable("delivery")
      .set({ state: "PENDING" })
      .where("event_id", "=", uuid)
      .execute();
    const rows = await db
      .selectFrom("delivery")
      .select(["partition", "webhook_id", "id as delivery_id", "day", "event_id", "workspace_id"])
      .where("event_id", "=", uuid)
      .execute();
    const due = rows.map((row) => ({ ...row, due_at: new Date(), attempt_count: 1 }));
    await db.insertInto("schedule").values(due).execute();
    const [row] = rows;
    await sql`select pg_notify('posthorn_due',
      ${`${row?.partition} ${row?.webhook_id} ${row?.workspace_id}`})`.execute(db);
    await eventually(async () =>
      expect((await get(event)).deliveries).toMatchObject([
        { state: Delivery_State.CANCELED, stateReason: "BODY_EXPIRED" },
      ]),
    );
    expect(target.requests).toHaveLength(1);
  });

  it("waits for deliveries that another process has to end", async () => {
    const { publish, get } = await setup([500]);
    const event = await publish(36);
    expect(await retention({ owns: false }).turn()).toBe(false);
    expect(await get(event)).toMatchObject({
      dataExpired: false,
      deliveries: [{ state: Delivery_State.PENDING }],
    });
    expect(await retention().turn()).toBe(true);
    expect(await get(event)).toMatchObject({ dataExpired: true });
  });

  it("goes together with what came while it was being copied, or after a crash", async () => {
    const { publish, get } = await setup();
    const [first, second] = [await publish(37), await publish(37)];
    await copyWithoutBodies(postgres.db, dayAgo(37));
    const late = await publish(37);
    const early = newId("evt", Date.parse(`${dayAgo(37)}T00:00:00Z`));
    await harness.publish((await setup()).workspace, { id: early });
    expect(await retention().turn()).toBe(true);
    for (const event of [first, second, late]) {
      expect(await get(event)).toMatchObject({ dataExpired: true, deliveries: [{}] });
    }
    expect(await partitions(await connected(), dayAgo(37))).toEqual([
      `attempt_${dayAgo(37).replaceAll("-", "")}`,
      `delivery_${dayAgo(37).replaceAll("-", "")}`,
      `event_${dayAgo(37).replaceAll("-", "")}`,
    ]);
  });

  it("goes once when two processes see to it", async () => {
    const { publish, get } = await setup();
    const event = await publish(38);
    await Promise.all([retention().turn(), retention().turn(), retention().turn()]);
    await retention().turn();
    expect(await get(event)).toMatchObject({ dataExpired: true, deliveries: [{}] });
  });

  it("stays while a long read keeps its table, and holds nobody up meanwhile", async () => {
    const { publish, get, target, workspace } = await setup();
    const event = await publish(39);
    const reader = await connected();
    await reader.query("begin");
    await reader.query("select count(*) from delivery.event");
    await expect(retention().turn()).rejects.toMatchObject({ code: "55P03" });
    await harness.publish(workspace, {});
    await target.next(2);
    expect(await get(event)).toMatchObject({ dataExpired: false });
    await reader.query("commit");
    expect(await retention().turn()).toBe(true);
    expect(await get(event)).toMatchObject({ dataExpired: true });
  });

  it("goes without anyone's asking", async () => {
    const { publish, get } = await setup();
    const event = await publish(40);
    const other = await harness.start();
    onTestFinished(() => other.stop());
    await eventually(async () => expect(await get(event)).toMatchObject({ dataExpired: true }));
  });
});

describe("a day", () => {
  /** Lets the days that nothing is sent of any more have rested. */
  const rest = (client: Client) =>
    client.query("update delivery.expired_day set expired_at = now() - interval '10 minutes'");

  it("goes after 90 days with all that is in it", async () => {
    const { publish, get, workspace } = await setup([500]);
    const old = await publish(92);
    const young = await publish(89);
    const [{ id = "" } = {}] = (await get(old)).deliveries;
    const client = await connected();
    expect(await partitions(client, dayAgo(92))).toHaveLength(3);
    expect(await retention().turn()).toBe(false);
    expect((await get(old)).deliveries).toMatchObject([{ stateReason: "BODY_EXPIRED" }]);
    await rest(client);
    expect(await retention().turn()).toBe(true);
    expect(await partitions(client, dayAgo(92))).toEqual([]);
    await expect(get(old)).rejects.toMatchObject({ reason: "not_found" });
    const gone = delivery.deliveries.getDelivery({ workspace, delivery: id });
    await expect(gone).rejects.toMatchObject({ reason: "not_found" });
    expect(await get(young)).toMatchObject({ dataExpired: true });
  });

  it("is there again for an event that was long in the log", async () => {
    const { publish, get } = await setup();
    const event = await publish(93);
    await retention().turn();
    await rest(await connected());
    expect(await retention().turn()).toBe(true);
    await expect(get(event)).rejects.toMatchObject({ reason: "not_found" });
    const late = await publish(93);
    expect(await get(late)).toMatchObject({ dataExpired: false });
  });

  it("that was left half dropped by a crash goes whole", async () => {
    const { publish } = await setup();
    await publish(94);
    const suffix = dayAgo(94).replaceAll("-", "");
    const client = await connected();
    await retention().turn();
    await client.query(
      `alter table delivery.attempt detach partition delivery.attempt_${suffix};
       alter table delivery.attempt_${suffix} rename to attempt_${suffix}_old`,
    );
    await rest(client);
    await retention().turn();
    expect(await partitions(client, dayAgo(94))).toEqual([]);
  });

  it("leaves no copy behind that a crash left unfinished", async () => {
    const client = await connected();
    await client.query("create table delivery.event_20200101_bare ()");
    await retention().turn();
    expect(await partitions(client, "2020-01-01")).toEqual([]);
  });
});

describe("after 90 days", () => {
  it("replays that have ended are deleted, others are not", async () => {
    const { db } = postgres;
    const at = new Date(Date.now() - 93 * dayMs);
    const row = (state: string) => ({
      id: newUuid(),
      workspace_id: newUuid(),
      partition: 9,
      filter: "ALL",
      selection: "{}",
      after_at: at,
      before_at: at,
      per_second: 0,
      log_end: "0",
      state,
      cursor_at: at,
      cursor_id: newUuid(),
    });
    const replays = [
      { ...row("COMPLETED"), is_settled: true, ended_at: at },
      { ...row("COMPLETED"), is_settled: true, ended_at: new Date(Date.now() - 80 * dayMs) },
      row("PAUSED"),
    ];
    await db.insertInto("replay").values(replays).execute();
    await retention().turn();
    const left = await db.selectFrom("replay").select("id").where("partition", "=", 9).execute();
    expect(new Set(left.map(({ id }) => id))).toEqual(
      new Set(replays.slice(1).map(({ id }) => id)),
    );
  });

  it("parked records and notices, and the health of webhooks that rest, are deleted", async () => {
    const { db } = postgres;
    const uuids = [newUuid(), newUuid()];
    const [old, young] = [new Date(Date.now() - 93 * dayMs), new Date(Date.now() - 80 * dayMs)];
    const both = [old, young].map((at, index) => ({ at, uuid: uuids[index] ?? "", index }));
    await db
      .insertInto("parked_record")
      .values(
        both.map(({ at, index }) => ({
          partition: 9,
          log_offset: `${index}`,
          value: Buffer.of(),
          error: "",
          created_at: at,
        })),
      )
      .execute();
    await db
      .insertInto("notice")
      .values(
        both.map(({ at, uuid }) => ({
          partition: 9,
          kind: "RECOVERED",
          workspace_id: uuid,
          webhook_id: uuid,
          parked_at: at,
        })),
      )
      .execute();
    await db
      .insertInto("webhook_health")
      .values(
        both.map(({ at, uuid }) => ({
          partition: 9,
          webhook_id: uuid,
          workspace_id: uuid,
          provider: "demo",
          webhook_version: "1",
          target_version: "1",
          consecutive_failures: 1,
          last_failure_at: at,
        })),
      )
      .execute();
    await retention().turn();
    const count = async (table: "parked_record" | "notice" | "webhook_health") =>
      (await db.selectFrom(table).select("partition").where("partition", "=", 9).execute()).length;
    expect(await count("parked_record")).toBe(1);
    expect(await count("notice")).toBe(1);
    expect(await count("webhook_health")).toBe(1);
  });
});
