import { transaction } from "@posthorn/postgres";
import { type Kysely, sql } from "kysely";
import { texts, uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import type { Held } from "./partitions.ts";
import { heldCte } from "./replay-steps.ts";

/**
 * A replay's deliveries that are not known to have ended. Statements that need their rows name the
 * rows' day in their text: they open that day's partition and no other.
 */

/** The `stateReason` of a delivery that waits for its replay to be resumed. */
export const replayPaused = "REPLAY_PAUSED";

/** A replay that its partition's owner looks after. */
export interface OwnReplay {
  readonly held: Held;
  readonly uuid: string;
}

/** A delivery that is not known to have ended. Ids are UUIDs. */
export interface OpenDelivery {
  readonly uuid: string;
  readonly day: string;
  /** When it is looked at next; as Postgres writes it, to the microsecond. */
  readonly checkAt: string;
}

/** What a look at a replay's deliveries found. */
export interface Look {
  /** How many wait for their first attempt. */
  readonly waitingCount: number;
  /** Those that wait for nothing any more: they have ended. */
  readonly ended: readonly OpenDelivery[];
  /** Those that wait for the replay and should not, or do not and should. */
  readonly misplaced: readonly OpenDelivery[];
}

/** Deliveries that one look sees, at most; more than may wait for their first attempt. */
const lookCountMax = 2000;

/**
 * When a delivery of a paused replay is due: it stays in the schedule, behind all others. One that
 * keeps an order is never ready, and passed over.
 */
const parkedUntil = "9999-12-31T00:00:00Z";

/**
 * Looks for what became of a replay's deliveries, in the schedule alone: what has ended has left
 * it. One that waits for a retry is looked at when that is over.
 */
export async function lookAtDeliveries(
  db: Kysely<Database>,
  { held, uuid }: OwnReplay,
  isPaused: boolean,
): Promise<Look> {
  const { rows } = await sql<{ waiting: number; ended: LookedRow[]; misplaced: LookedRow[] }>`
    with ${heldCte(held)}, looked as (
      select o.check_at, o.delivery_id, o.day, s.due_at, s.attempt_count,
        case when s.ordering_key is null then s.due_at = ${parkedUntil}::timestamptz
          else s.ready_at = 'infinity' end as is_parked
      from (
        select * from delivery.replay_delivery
        where replay_id = ${uuid} and check_at <= now() and exists (select from held)
        order by check_at limit ${lookCountMax}
      ) o left join delivery.schedule s on s.delivery_id = o.delivery_id
    ), tried as (
      update delivery.replay_delivery o set check_at = case
        when l.due_at = 'infinity' then now() + interval '1 minute'
        when l.due_at > now() then l.due_at + interval '1 second'
        else now() + least(greatest(now() - l.due_at, '1 second'), '1 minute') end
      from looked l
      where l.attempt_count > 0 and o.replay_id = ${uuid} and o.check_at = l.check_at
        and o.delivery_id = l.delivery_id
    ), told as (
      select json_build_object('uuid', delivery_id, 'day', day, 'checkAt', check_at::text) as row,
        attempt_count, is_parked
      from looked
    )
    select count(*) filter (where attempt_count = 0)::integer as waiting,
      coalesce(json_agg(row) filter (where attempt_count is null), '[]') as ended,
      coalesce(json_agg(row) filter (where attempt_count = 0 and is_parked <> ${isPaused}), '[]')
        as misplaced
    from told`.execute(db);
  const row = rows[0];
  return {
    waitingCount: row?.waiting ?? 0,
    ended: row?.ended ?? [],
    misplaced: row?.misplaced ?? [],
  };
}

type LookedRow = { uuid: string; day: string; checkAt: string };

/** Lists a replay's deliveries that are not known to have ended, whatever they wait for. */
export async function listOpenDeliveries(
  db: Kysely<Database>,
  replayUuid: string,
  countMax: number,
): Promise<readonly OpenDelivery[]> {
  const { rows } = await sql<LookedRow>`
    select delivery_id as uuid, to_char(day, 'YYYY-MM-DD') as day, check_at::text as "checkAt"
    from delivery.replay_delivery where replay_id = ${replayUuid}
    order by check_at limit ${countMax}`.execute(db);
  return rows;
}

/**
 * Counts those of the deliveries that have ended in the replay's row, each once, and forgets them.
 * Deliveries of a day that was dropped count as canceled. Gives how many have ended.
 */
export async function countEnded(
  db: Kysely<Database>,
  { held, uuid }: OwnReplay,
  deliveries: readonly OpenDelivery[],
): Promise<number> {
  const states = await listStates(db, deliveries);
  const ended = deliveries.flatMap((delivery) => {
    const state = states.get(delivery.uuid) ?? "CANCELED";
    return state === "PENDING" ? [] : { ...delivery, state };
  });
  if (ended.length === 0) return 0;
  const { rows } = await sql<{ count: number }>`
    with ${heldCte(held)}, gone as (
      delete from delivery.replay_delivery o
      using unnest(${texts(ended.map(({ checkAt }) => checkAt))}::text[],
        ${uuids(ended.map((each) => each.uuid))}::uuid[],
        ${texts(ended.map(({ state }) => state))}::text[]) as e (check_at, delivery_id, state)
      where o.replay_id = ${uuid} and o.check_at = e.check_at::timestamptz
        and o.delivery_id = e.delivery_id and exists (select from held)
      returning e.state
    ), counted as (
      update delivery.replay r set updated_at = now(),
        succeeded_count = r.succeeded_count + g.succeeded,
        failed_count = r.failed_count + g.failed,
        canceled_count = r.canceled_count + g.canceled
      from (
        select count(*) filter (where state = 'SUCCEEDED') as succeeded,
          count(*) filter (where state = 'EXHAUSTED') as failed,
          count(*) filter (where state = 'CANCELED') as canceled
        from gone
      ) g
      where r.id = ${uuid} and exists (select from gone)
    )
    select count(*)::integer as count from gone`.execute(db);
  return rows[0]?.count ?? 0;
}

async function listStates(
  db: Kysely<Database>,
  deliveries: readonly OpenDelivery[],
): Promise<ReadonlyMap<string, string>> {
  const states = new Map<string, string>();
  for (const [day, ids] of byDay(deliveries)) {
    const { rows } = await sql<{ id: string; state: string }>`
      select id, state from delivery.delivery
      where day = ${sql.lit(day)} and id = any (${uuids(ids)}::uuid[])`.execute(db);
    for (const { id, state } of rows) states.set(id, state);
  }
  return states;
}

/**
 * Puts deliveries that were not tried yet behind all others, until their replay is resumed, or has
 * them due at once. Those whose result is being written are left out. Gives those it moved.
 */
export async function moveDeliveries(
  db: Kysely<Database>,
  held: Held,
  { deliveries, isPaused }: { deliveries: readonly OpenDelivery[]; isPaused: boolean },
): Promise<readonly { readonly uuid: string; readonly webhookUuid: string }[]> {
  const moved: { uuid: string; webhookUuid: string }[] = [];
  const dueAt = isPaused ? sql`${parkedUntil}::timestamptz` : sql`now()`;
  const readyAt = isPaused ? sql`'infinity'::timestamptz` : sql`now()`;
  for (const [day, ids] of byDay(deliveries)) {
    const { rows } = await transaction(db, (tx) =>
      sql<{ id: string; webhook_id: string }>`
        with ${heldCte(held)}, picked as (
          select id, webhook_id from delivery.delivery
          where day = ${sql.lit(day)} and id = any (${uuids(ids)}::uuid[])
            and state = 'PENDING' and attempt_count = 0 and exists (select from held)
          for update skip locked
        ), noted as (
          update delivery.delivery d set state_reason = ${isPaused ? replayPaused : ""}
          from picked p where d.day = ${sql.lit(day)} and d.id = p.id
        ), moved as (
          update delivery.schedule s
          set due_at = case when s.ordering_key is null then ${dueAt} else 'infinity' end,
            ready_at = case when s.ordering_key is not null then ${readyAt} end
          from picked p where s.delivery_id = p.id
        )
        select id, webhook_id from picked`.execute(tx),
    );
    moved.push(...rows.map((row) => ({ uuid: row.id, webhookUuid: row.webhook_id })));
  }
  return moved;
}

/**
 * Ends deliveries as CANCELED, REPLAY_CANCELED. Those whose result is being written are left out.
 * Gives the UUIDs of those it ended.
 */
export async function cancelDeliveries(
  db: Kysely<Database>,
  held: Held,
  deliveries: readonly OpenDelivery[],
): Promise<readonly string[]> {
  const canceled: string[] = [];
  for (const [day, ids] of byDay(deliveries)) {
    const { rows } = await transaction(db, (tx) =>
      sql<{ id: string }>`
        with ${heldCte(held)}, picked as (
          select id from delivery.delivery
          where day = ${sql.lit(day)} and id = any (${uuids(ids)}::uuid[])
            and state = 'PENDING' and exists (select from held)
          for update skip locked
        ), ended as (
          update delivery.delivery d set state = 'CANCELED', state_reason = 'REPLAY_CANCELED',
            next_attempt_at = null
          from picked p where d.day = ${sql.lit(day)} and d.id = p.id
        ), unscheduled as (
          delete from delivery.schedule where delivery_id in (select id from picked)
        )
        select id from picked`.execute(tx),
    );
    canceled.push(...rows.map(({ id }) => id));
  }
  return canceled;
}

function byDay(deliveries: readonly OpenDelivery[]): ReadonlyMap<string, readonly string[]> {
  const days = new Map<string, string[]>();
  for (const { day, uuid } of deliveries) {
    const ids = days.get(day);
    if (ids) ids.push(uuid);
    else days.set(day, [uuid]);
  }
  return days;
}
