import { type Kysely, sql } from "kysely";
import type { DeliveryClass } from "../domain/shares.ts";
import { texts, uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import { msUntil } from "./ms-until.ts";
import type { Held } from "./partitions.ts";

/** Where a delivery stands among those of its webhook and ordering key. */
export interface Place {
  /** Empty for events without one: they are one key. */
  readonly key: string;
  /** The event's offset in the log. */
  readonly sequence: bigint;
}

/** An ordered webhook in a partition that is held. */
export interface OrderedLane {
  readonly held: Held;
  readonly webhookUuid: string;
}

/** A delivery that was freed. */
export interface Freed {
  readonly deliveryClass: DeliveryClass;
  /** Until it is due, by the database's clock. */
  readonly waitMs: number;
}

/** Lists ordering keys with waiting deliveries of a webhook, in order, after a key if one is given. */
export async function listOrderingKeys(
  db: Kysely<Database>,
  { held, webhookUuid }: OrderedLane,
  page: { readonly after: string | undefined; readonly countMax: number },
): Promise<readonly string[]> {
  const isNext = page.after === undefined ? sql`true` : sql`ordering_key > ${page.after}`;
  const { rows } = await sql<{ key: string }>`
    with recursive found as (
      (select ordering_key as key, 1 as number from delivery.schedule
       where partition = ${held.partition} and webhook_id = ${webhookUuid}
         and ordering_key is not null and ${isNext}
       order by ordering_key limit 1)
      union all
      select next.key, found.number + 1 from found, lateral (
        select s.ordering_key as key from delivery.schedule s
        where s.partition = ${held.partition} and s.webhook_id = ${webhookUuid}
          and s.ordering_key is not null and s.ordering_key > found.key
        order by s.ordering_key limit 1) next
      where found.number < ${page.countMax}::integer
    )
    select key from found`.execute(db);
  return rows.map(({ key }) => key);
}

/**
 * Makes the next delivery of each of these keys due where none is. Gives those that were freed;
 * none when the lease is no longer held. Doing it again changes nothing.
 */
export async function freeHeads(
  db: Kysely<Database>,
  { held, webhookUuid }: OrderedLane,
  keys: readonly string[],
): Promise<readonly Freed[]> {
  const { rows } = await sql<{ class: DeliveryClass; wait_ms: number }>`/*free-heads*/
    with held as (
      select id from delivery.partition where id = ${held.partition} and epoch = ${held.epoch}
      for share
    ), next as (
      select first.delivery_id
      from held, unnest(${texts(keys)}::text[]) as k (key), lateral (
        select delivery_id from delivery.schedule
        where partition = ${held.partition} and webhook_id = ${webhookUuid}
          and ordering_key = k.key and ready_at <> 'infinity'
        order by ordering_key, sequence, delivery_id limit 1) first
      where not exists (
        select from delivery.schedule
        where partition = ${held.partition} and webhook_id = ${webhookUuid}
          and ordering_key = k.key and ordering_key is not null and due_at <> 'infinity')
    )
    update delivery.schedule s set due_at = greatest(now(), s.ready_at)
    from next where s.delivery_id = next.delivery_id
    returning s.class, ${msUntil(sql`s.due_at`)} as wait_ms`.execute(db);
  return rows.map((row) => ({ deliveryClass: row.class, waitMs: row.wait_ms }));
}

/**
 * Makes up to 5,000 waiting deliveries of a webhook due that is ordered no longer. Gives how many;
 * none when the lease is no longer held.
 */
export async function freeAll(
  db: Kysely<Database>,
  { held, webhookUuid }: OrderedLane,
): Promise<number> {
  const { numAffectedRows } = await sql`
    with held as (
      select id from delivery.partition where id = ${held.partition} and epoch = ${held.epoch}
      for share
    )
    update delivery.schedule set due_at = greatest(now(), ready_at), ordering_key = null
    where delivery_id in (
      select delivery_id from delivery.schedule
      where partition = ${held.partition} and webhook_id = ${webhookUuid}
        and ordering_key is not null and due_at = 'infinity' and ready_at <> 'infinity'
        and exists (select from held)
      limit 5000)`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/**
 * Tells which of these deliveries wait for another of their ordering key that is due or under way,
 * and for which. Ids are UUIDs.
 */
export async function listBehind(
  db: Kysely<Database>,
  deliveryUuids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; behind: string }>`
    select s.delivery_id as id, head.delivery_id as behind
    from delivery.schedule s, lateral (
      select delivery_id from delivery.schedule h
      where h.partition = s.partition and h.webhook_id = s.webhook_id
        and h.ordering_key = s.ordering_key and h.ordering_key is not null
        and h.due_at <> 'infinity' limit 1) head
    where s.delivery_id = any(${uuids(deliveryUuids)}::uuid[]) and s.ordering_key is not null
      and s.due_at = 'infinity'`.execute(db);
  return new Map(rows.map((row) => [row.id, row.behind]));
}
