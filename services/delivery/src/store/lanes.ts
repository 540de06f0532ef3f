import { type Kysely, sql } from "kysely";
import type { BreakerState } from "../domain/breaker.ts";
import { bigints, integers, texts, times, uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import { msUntil } from "./ms-until.ts";
import type { Held } from "./partitions.ts";

/**
 * What the next owner of a partition has to know of a webhook. Waits are in milliseconds by the
 * database's clock, from when the state is written or read.
 */
export interface LaneState {
  readonly webhookUuid: string;
  readonly breakerState: BreakerState;
  /** For people; empty when it is closed. */
  readonly breakerReason: string;
  /** Until the next probe; 0 for at once. */
  readonly breakerWaitMs: number;
  readonly breakerOpenCount: number;
  /** Until all that was sent is paid off under the rate limit. */
  readonly rateWaitMs: number;
  /** POSTs that the webhook bears at once; undefined for as many as it may have. */
  readonly concurrency: number | undefined;
  /** Open deliveries made before this time have been canceled. */
  readonly canceledBefore: Date | undefined;
}

/** A state as read: with the wait that the receiver asked for. */
export interface StoredLaneState extends LaneState {
  readonly blockedWaitMs: number;
}

/** Lists what is to be known of a partition's webhooks; those of which there is nothing are left out. */
export async function listLaneStates(
  db: Kysely<Database>,
  partition: number,
): Promise<readonly StoredLaneState[]> {
  const { rows } = await sql<StateRow>`
    select webhook_id, breaker_state, breaker_reason, breaker_open_count, concurrency,
      canceled_before, ${msUntil(sql`blocked_until`)} as blocked_ms,
      ${msUntil(sql`coalesce(breaker_until, '-infinity')`)} as breaker_ms,
      ${msUntil(sql`coalesce(rate_free_at, '-infinity')`)} as rate_ms
    from delivery.lane
    where partition = ${partition} and (breaker_state <> 'CLOSED' or concurrency is not null
      or canceled_before is not null or blocked_until > clock_timestamp()
      or rate_free_at > clock_timestamp())`.execute(db);
  return rows.map((row) => ({
    webhookUuid: row.webhook_id,
    breakerState: row.breaker_state,
    breakerReason: row.breaker_reason,
    breakerWaitMs: row.breaker_ms,
    breakerOpenCount: row.breaker_open_count,
    rateWaitMs: row.rate_ms,
    concurrency: row.concurrency ?? undefined,
    canceledBefore: row.canceled_before ?? undefined,
    blockedWaitMs: row.blocked_ms,
  }));
}

interface StateRow {
  webhook_id: string;
  breaker_state: BreakerState;
  breaker_reason: string;
  breaker_open_count: number;
  concurrency: number | null;
  canceled_before: Date | null;
  blocked_ms: number;
  breaker_ms: number;
  rate_ms: number;
}

/**
 * Writes what is to be known of webhooks, in one statement. Those whose lease is no longer held
 * are left out: their new owner writes them.
 */
export async function recordLaneStates(
  db: Kysely<Database>,
  states: readonly { readonly held: Held; readonly state: LaneState }[],
): Promise<void> {
  const column = <T>(read: (state: LaneState) => T): T[] => states.map(({ state }) => read(state));
  await sql`/*lane-states*/
    insert into delivery.lane (partition, webhook_id, breaker_state, breaker_reason, breaker_until,
      breaker_open_count, rate_free_at, concurrency, canceled_before)
    select p.id, s.webhook_id, s.breaker_state, s.breaker_reason,
      case when s.breaker_state <> 'CLOSED'
        then clock_timestamp() + s.breaker_ms * interval '1 millisecond' end,
      s.breaker_open_count, clock_timestamp() + nullif(s.rate_ms, 0) * interval '1 millisecond',
      s.concurrency, s.canceled_before
    from unnest(${integers(states.map(({ held }) => held.partition))}::integer[],
      ${bigints(states.map(({ held }) => held.epoch))}::bigint[],
      ${uuids(column((s) => s.webhookUuid))}::uuid[],
      ${texts(column((s) => s.breakerState))}::text[],
      ${texts(column((s) => s.breakerReason))}::text[],
      ${integers(column((s) => Math.ceil(s.breakerWaitMs)))}::integer[],
      ${integers(column((s) => s.breakerOpenCount))}::integer[],
      ${integers(column((s) => Math.ceil(s.rateWaitMs)))}::integer[],
      ${integers(column((s) => s.concurrency))}::integer[],
      ${times(column((s) => s.canceledBefore))}::timestamptz[])
      as s (partition, epoch, webhook_id, breaker_state, breaker_reason, breaker_ms,
        breaker_open_count, rate_ms, concurrency, canceled_before)
    join (select id, epoch from delivery.partition
      where id = any(${integers([...new Set(states.map(({ held }) => held.partition))])}::integer[])
      order by id for share) p on p.id = s.partition and p.epoch = s.epoch
    order by p.id, s.webhook_id
    on conflict (partition, webhook_id) do update set breaker_state = excluded.breaker_state,
      breaker_reason = excluded.breaker_reason, breaker_until = excluded.breaker_until,
      breaker_open_count = excluded.breaker_open_count, rate_free_at = excluded.rate_free_at,
      concurrency = excluded.concurrency, canceled_before = excluded.canceled_before`.execute(db);
}

/** Forgets what is known of a webhook that is gone. */
export async function deleteLaneState(
  db: Kysely<Database>,
  { partition, webhookUuid }: { partition: number; webhookUuid: string },
): Promise<void> {
  await db
    .deleteFrom("lane")
    .where("partition", "=", partition)
    .where("webhook_id", "=", webhookUuid)
    .execute();
}
