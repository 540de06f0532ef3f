import { type Kysely, sql } from "kysely";

/**
 * Adds the class of a waiting delivery (0 first attempt, 1 retry, 2 replay) and has the primary
 * key sort by it, so that each class is read from its own end. Holds `delivery.schedule` while the
 * key is built: about a second for a million waiting deliveries.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  `alter table delivery.schedule add column class smallint not null default 0
    constraint schedule_class_check check (class in (0, 1, 2))`,
  "update delivery.schedule set class = 1 where attempt_count > 0",
  "alter table delivery.schedule drop constraint schedule_pkey",
  `alter table delivery.schedule add constraint schedule_pkey
    primary key (partition, webhook_id, class, due_at, delivery_id)`,
];
