import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import type { EnvelopePin } from "../domain/envelope.ts";
import type { Replay } from "../domain/replay.ts";
import type { DeliveryClass } from "../domain/shares.ts";
import { bigints, dates, texts, uuids } from "./arrays.ts";
import type { Cursor } from "./cursor.ts";
import type { Database } from "./database.ts";
import type { Held } from "./partitions.ts";
import { eventByKey } from "./replay-candidates.ts";
import { toReplay } from "./replays.ts";

/** A replay that its partition's owner has to look after. Ids are UUIDs. */
export interface UnsettledReplay {
  readonly uuid: string;
  readonly partition: number;
}

/** Lists the replays of partitions that have something left to do, by id after `after`. */
export async function listUnsettled(
  db: Kysely<Database>,
  partitions: readonly number[],
  page: { after: string; countMax: number },
): Promise<readonly UnsettledReplay[]> {
  const rows = await db
    .selectFrom("replay")
    .select(["id", "partition"])
    .where("partition", "in", [...partitions])
    .where("is_settled", "=", false)
    .where("id", ">", page.after)
    .orderBy("id")
    .limit(page.countMax)
    .execute();
  return rows.map((row) => ({ uuid: row.id, partition: row.partition }));
}

/** A replay as its next step needs it. Ids are UUIDs. */
export interface RunningReplay extends Replay {
  readonly uuid: string;
  readonly workspaceUuid: string;
  readonly webhookUuid: string | undefined;
  readonly toWebhookUuid: string | undefined;
  /** Everything up to here has been looked at. */
  readonly cursor: Cursor;
  /** When it may make its next delivery. */
  readonly nextAt: Date;
  /** Whether fan-out has stored all that was accepted before it was made. */
  readonly isFannedOut: boolean;
}

/** Reads a replay for its next step; undefined when it needs none. */
export async function getRunningReplay(
  db: Kysely<Database>,
  uuid: string,
): Promise<RunningReplay | undefined> {
  const { rows } = await sql<
    Selectable<Database["replay"]> & { cursor_us: string; is_fanned_out: boolean }
  >`
    select r.*, (extract(epoch from r.cursor_at) * 1000000)::bigint::text as cursor_us,
      p.next_offset >= r.log_end as is_fanned_out
    from delivery.replay r join delivery.progress p on p.partition = r.partition
    where r.id = ${uuid} and not r.is_settled`.execute(db);
  const row = rows[0];
  if (!row) return undefined;
  return {
    ...toReplay(row),
    uuid: row.id,
    workspaceUuid: row.workspace_id,
    webhookUuid: row.webhook_id ?? undefined,
    toWebhookUuid: row.to_webhook_id ?? undefined,
    cursor: { atUs: row.cursor_us, uuid: row.cursor_id },
    nextAt: row.next_at,
    isFannedOut: row.is_fanned_out,
  };
}

/** A delivery that a replay makes. Ids are UUIDs. */
export interface ReplayedDelivery {
  readonly uuid: string;
  readonly day: string;
  readonly eventUuid: string;
  readonly webhookUuid: string;
  /** The webhook's pattern that names the event's type; empty for all types. */
  readonly matchedBy: string;
  /** Whether it has to keep its place: behind what is live, as its event is among replayed ones. */
  readonly isOrdered: boolean;
  /** The envelope that it keeps; undefined for the default one. */
  readonly pin: EnvelopePin | undefined;
}

/** What one step of a replay found. */
export interface ReplayStep {
  readonly held: Held;
  readonly replay: Pick<RunningReplay, "uuid" | "workspaceUuid" | "cursor">;
  readonly deliveries: readonly ReplayedDelivery[];
  /** Everything up to here has been looked at. */
  readonly cursor: Cursor;
  /** Whether that is the whole range. */
  readonly isScanned: boolean;
  /** When the next delivery may be made. */
  readonly nextAt: Date;
}

/** What replays wait as in the schedule. */
const replayClass: DeliveryClass = 2;

/**
 * Stores a step's deliveries, due at once or when their event is, with the cursor behind them, in
 * one statement: running a step again adds nothing. Those whose event's body is gone, or whose
 * event and webhook the replay had before, are left out. Gives how many were made; undefined when the lease
 * is lost or the replay is no longer running where the step began, and nothing was written.
 */
export async function recordReplayStep(
  db: Kysely<Database>,
  step: ReplayStep,
): Promise<number | undefined> {
  const { held, replay, deliveries, cursor } = step;
  const days = deliveries.map(({ day }) => day);
  const ordered = orderedParts(deliveries, days);
  const { rows } = await sql<{ moved: boolean; made: number }>`
    with ${heldCte(held)}, current as (
      select r.id, r.workspace_id, r.partition from delivery.replay r
      where r.id = ${replay.uuid} and r.state = 'RUNNING' and r.cursor_id = ${replay.cursor.uuid}
        and r.cursor_at = 'epoch'::timestamptz
          + ${replay.cursor.atUs}::bigint * interval '1 microsecond'
        and exists (select from held)
      for update
    ), made as (
      insert into delivery.delivery (day, id, workspace_id, partition, webhook_id, event_id,
        event_type, trigger, trigger_id, state, matched_by, next_attempt_at, created_at,
        envelope_revision, payload_version, connection_id)
      select e.day, d.id, c.workspace_id, c.partition, d.webhook_id, e.id, e.type, 'REPLAY', c.id,
        'PENDING', d.matched_by, greatest(e.deliver_at, now()), now(), d.envelope_revision,
        d.payload_version, e.connection_id
      from current c cross join
        unnest(${dates(deliveries.map((d) => d.day))}::date[],
          ${uuids(deliveries.map((d) => d.uuid))}::uuid[],
          ${uuids(deliveries.map((d) => d.eventUuid))}::uuid[],
          ${uuids(deliveries.map((d) => d.webhookUuid))}::uuid[],
          ${texts(deliveries.map((d) => d.matchedBy))}::text[],
          ${bigints(deliveries.map((d) => d.pin?.revision ?? "0"))}::bigint[],
          ${texts(deliveries.map((d) => d.pin?.version ?? ""))}::text[])
          as d (day, id, event_id, webhook_id, matched_by, envelope_revision, payload_version)
        cross join lateral (${eventByKey("d.event_id", "d.day", days)}) e
      where e.workspace_id = c.workspace_id and octet_length(e.data) > 0
      on conflict do nothing
      returning day, id, workspace_id, partition, webhook_id, event_id, next_attempt_at,
        envelope_revision, payload_version
    ), due as (
      insert into delivery.schedule (partition, webhook_id, due_at, delivery_id, day, event_id,
        workspace_id, attempt_count, class, envelope_revision, payload_version${ordered.columns})
      select m.partition, m.webhook_id, ${ordered.dueAt}, m.id, m.day, m.event_id, m.workspace_id,
        0, ${replayClass}::smallint, nullif(m.envelope_revision, 0),
        nullif(m.payload_version, '')${ordered.values} from made m${ordered.joined}
    ), noted as (
      insert into delivery.replay_delivery (replay_id, check_at, delivery_id, day)
      select c.id, made.next_attempt_at, made.id, made.day from made cross join current c
    ), moved as (
      update delivery.replay r set
        cursor_at = 'epoch'::timestamptz + ${cursor.atUs}::bigint * interval '1 microsecond',
        cursor_id = ${cursor.uuid}, is_scanned = ${step.isScanned}, next_at = ${step.nextAt},
        matched_count = r.matched_count + ${deliveries.length}::integer,
        created_count = r.created_count + (select count(*) from made), updated_at = now()
      from current c where r.id = c.id
      returning 1
    )
    select exists (select from moved) as moved, (select count(*) from made)::integer as made`.execute(
    db,
  );
  const row = rows[0];
  return row?.moved ? row.made : undefined;
}

/** Replayed deliveries of a key stand behind all of its live ones, whose places are offsets. */
const replayedFrom = 2n ** 62n;

/** What the schedule has besides for deliveries that keep an order: the owner frees them. */
function orderedParts(deliveries: readonly ReplayedDelivery[], days: readonly string[]) {
  const webhooks = deliveries.flatMap((d) => (d.isOrdered ? d.webhookUuid : []));
  if (webhooks.length === 0) {
    return { columns: sql``, values: sql``, joined: sql``, dueAt: sql`m.next_attempt_at` };
  }
  const isOrdered = sql`m.webhook_id = any(${uuids([...new Set(webhooks)])}::uuid[])`;
  return {
    columns: sql`, ordering_key, sequence, ready_at`,
    values: sql`, case when ${isOrdered} then e.ordering_key end,
      ${replayedFrom.toString()}::bigint + coalesce(e.log_offset, 0),
      m.next_attempt_at`,
    joined: sql` cross join lateral (${eventByKey("m.event_id", "m.day", days)}) e`,
    dueAt: sql`case when ${isOrdered} then 'infinity' else m.next_attempt_at end`,
  };
}

/** Settles a canceled replay whose deliveries have ended. */
export async function settleReplay(
  db: Kysely<Database>,
  { held, uuid }: { held: Held; uuid: string },
): Promise<boolean> {
  const { rows } = await sql`
    with ${heldCte(held)}
    update delivery.replay r set is_settled = true
    where r.id = ${uuid} and r.state = 'CANCELED' and exists (select from held)
      and not exists (select from delivery.replay_delivery where replay_id = r.id)
    returning 1`.execute(db);
  return rows.length > 0;
}

/** Ends a replay that has looked at its whole range and whose deliveries have ended. */
export async function completeReplay(
  db: Kysely<Database>,
  { held, uuid }: { held: Held; uuid: string },
): Promise<boolean> {
  const { rows } = await sql`
    with ${heldCte(held)}
    update delivery.replay r set state = 'COMPLETED', is_settled = true, ended_at = now(),
      updated_at = now()
    where r.id = ${uuid} and r.state = 'RUNNING' and r.is_scanned and exists (select from held)
      and not exists (select from delivery.replay_delivery where replay_id = r.id)
    returning 1`.execute(db);
  return rows.length > 0;
}

/** Stops a replay that cannot go on; by its owner, and only while it is running. */
export async function stopReplay(
  db: Kysely<Database>,
  { held, uuid }: { held: Held; uuid: string },
  { state, reason }: { state: "PAUSED" | "CANCELED"; reason: string },
): Promise<void> {
  await sql`
    with ${heldCte(held)}
    update delivery.replay r set state = ${state}, state_reason = ${reason}, updated_at = now(),
      ended_at = case when ${state} = 'CANCELED' then now() end
    where r.id = ${uuid} and r.state = 'RUNNING' and exists (select from held)`.execute(db);
}

/** Has a row while the lease is held, and keeps it from being taken until the commit. */
export function heldCte({ partition, epoch }: Held): RawBuilder<unknown> {
  return sql`held as (
      select 1 from delivery.partition where id = ${partition} and epoch = ${epoch} for share
    )`;
}
