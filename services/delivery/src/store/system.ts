import { type Kysely, sql } from "kysely";
import type { DeliveryClass } from "../domain/shares.ts";
import type { Database } from "./database.ts";

/** A partition, who owns it, and how far it has been fanned out. */
export interface PartitionState {
  readonly partition: number;
  /** Undefined when nobody owns it now. */
  readonly owner: string | undefined;
  readonly leaseUntil: Date;
  readonly nextOffset: bigint;
}

/** Lists all partitions, by number. */
export async function listPartitions(db: Kysely<Database>): Promise<readonly PartitionState[]> {
  const { rows } = await sql<PartitionRow>`
    select p.id, case when p.lease_until > clock_timestamp() then p.owner end as owner,
      p.lease_until, g.next_offset
    from delivery.partition p join delivery.progress g on g.partition = p.id
    order by p.id`.execute(db);
  return rows.map((row) => ({
    partition: row.id,
    owner: row.owner ?? undefined,
    leaseUntil: row.lease_until,
    nextOffset: BigInt(row.next_offset),
  }));
}

interface PartitionRow {
  id: number;
  owner: string | null;
  lease_until: Date;
  next_offset: string;
}

/** What holds webhooks up, over all of them, and what was put aside. */
export interface Obstacles {
  readonly openBreakerCount: number;
  readonly halfOpenBreakerCount: number;
  readonly blockedCount: number;
  readonly parkedRecordCount: number;
}

/** Counts what holds webhooks up, and the records that were put aside (at most 10,000 are counted). */
export async function countObstacles(db: Kysely<Database>): Promise<Obstacles> {
  const { rows } = await sql<Record<"open" | "half_open" | "blocked" | "parked", number>>`
    select count(*) filter (where breaker_state = 'OPEN')::integer as open,
      count(*) filter (where breaker_state = 'HALF_OPEN')::integer as half_open,
      count(*) filter (where blocked_until > clock_timestamp())::integer as blocked,
      (select count(*) from (select from delivery.parked_record limit 10000) p)::integer as parked
    from delivery.lane`.execute(db);
  const row = rows[0];
  return {
    openBreakerCount: row?.open ?? 0,
    halfOpenBreakerCount: row?.half_open ?? 0,
    blockedCount: row?.blocked ?? 0,
    parkedRecordCount: row?.parked ?? 0,
  };
}

/** A webhook with due deliveries of a class. Ids are UUIDs. */
export interface DueLane {
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly deliveryClass: DeliveryClass;
  /** Of the earliest. */
  readonly dueAt: Date;
}

/**
 * Lists the webhooks that have due deliveries and are neither blocked nor spared by their breaker,
 * once for each class, the earliest first; at most `countMax`. Jumps from one to the next in the
 * primary key, so that a million rows of one cost one step.
 */
export async function listDueLanes(
  db: Kysely<Database>,
  countMax: number,
): Promise<readonly DueLane[]> {
  const { rows } = await sql<DueRow>`
    with recursive waiting as (
      (select partition, webhook_id, class, workspace_id, due_at from delivery.schedule
       order by partition, webhook_id, class, due_at limit 1)
      union all
      select next.* from waiting, lateral (
        select s.partition, s.webhook_id, s.class, s.workspace_id, s.due_at
        from delivery.schedule s
        where (s.partition, s.webhook_id, s.class) >
          (waiting.partition, waiting.webhook_id, waiting.class)
        order by s.partition, s.webhook_id, s.class, s.due_at limit 1) next
    )
    select w.workspace_id, w.webhook_id, w.class, w.due_at from waiting w
    left join delivery.lane l on l.partition = w.partition and l.webhook_id = w.webhook_id
    where w.due_at <= clock_timestamp() and coalesce(l.breaker_state, 'CLOSED') = 'CLOSED'
      and coalesce(l.blocked_until, '-infinity') <= clock_timestamp()
    order by w.due_at limit ${countMax}`.execute(db);
  return rows.map((row) => ({
    workspaceUuid: row.workspace_id,
    webhookUuid: row.webhook_id,
    deliveryClass: row.class,
    dueAt: row.due_at,
  }));
}

interface DueRow {
  workspace_id: string;
  webhook_id: string;
  class: DeliveryClass;
  due_at: Date;
}
