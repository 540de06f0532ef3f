import { type Kysely, sql } from "kysely";

/**
 * Adds what keeps the deliveries of an ordered webhook in order. Of each ordering key one row is
 * due, the others wait at `infinity` for the owner of the partition to free the next by
 * `sequence`, if its `ready_at` has a time. Nullable columns and empty partial indexes: the lock
 * on `delivery.schedule` is held for one scan of it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table delivery.schedule
    add column ordering_key text,
    add column sequence bigint,
    add column ready_at timestamptz`,
  // Serves freeHeads (the next of a key) and listOrderingKeys.
  `create index schedule_ordering_key on delivery.schedule
    (partition, webhook_id, ordering_key, sequence, delivery_id) where ordering_key is not null`,
  // Serves freeHeads (is one of the key due?).
  `create index schedule_head on delivery.schedule (partition, webhook_id, ordering_key)
    where ordering_key is not null and due_at <> 'infinity'`,
];
