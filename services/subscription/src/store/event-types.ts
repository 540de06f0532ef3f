import { AppError } from "@posthorn/errors";
import { isUniqueViolation } from "@posthorn/postgres";
import { type Kysely, type Selectable, sql } from "kysely";
import type { EventType, EventTypeDraft } from "../domain/event-type.ts";
import type { Database } from "./database.ts";

/** Gives an event type of a provider; undefined when there is none. */
export async function getEventType(
  db: Kysely<Database>,
  { provider, name }: { provider: string; name: string },
): Promise<EventType | undefined> {
  const row = await db
    .selectFrom("event_type")
    .selectAll()
    .where("provider", "=", provider)
    .where("name", "=", name)
    .executeTakeFirst();
  return row && fromRow(row);
}

/** Lists a provider's event types by name (in byte order), those after `after`. */
export async function listEventTypes(
  db: Kysely<Database>,
  { provider, after, countMax }: { provider: string; after: string; countMax: number },
): Promise<EventType[]> {
  const rows = await db
    .selectFrom("event_type")
    .selectAll()
    .where("provider", "=", provider)
    .where("name", ">", after)
    .orderBy("name")
    .limit(countMax)
    .execute();
  return rows.map(fromRow);
}

/** Gives those of the names that are in the provider's catalog. */
export async function listKnownNames(
  db: Kysely<Database>,
  { provider, names }: { provider: string; names: readonly string[] },
): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set();
  const rows = await db
    .selectFrom("event_type")
    .select("name")
    .where("provider", "=", provider)
    .where("name", "=", sql<string>`any(${[...names]}::text[])`)
    .execute();
  return new Set(rows.map((row) => row.name));
}

/** Gives the names of a provider's types, in their order, and how long their schemas are. */
export async function listSchemaSizes(
  db: Kysely<Database>,
  { provider, countMax }: { provider: string; countMax: number },
): Promise<{ readonly name: string; readonly schemaBytes: number }[]> {
  return await db
    .selectFrom("event_type")
    .select(["name", sql<number>`octet_length(schema)`.as("schemaBytes")])
    .where("provider", "=", provider)
    .orderBy("name")
    .limit(countMax)
    .execute();
}

/** Gives the schemas (JSON text) of those of the names that are in the catalog. */
export async function listSchemas(
  db: Kysely<Database>,
  { provider, names }: { provider: string; names: readonly string[] },
): Promise<Uint8Array[]> {
  if (names.length === 0) return [];
  const rows = await db
    .selectFrom("event_type")
    .select("schema")
    .where("provider", "=", provider)
    .where("name", "=", sql<string>`any(${[...names]}::text[])`)
    .execute();
  return rows.map((row) => row.schema);
}

/** Tells how many event types a provider has. */
export async function countEventTypes(db: Kysely<Database>, provider: string): Promise<number> {
  const row = await db
    .selectFrom("event_type")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where("provider", "=", provider)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Inserts an event type. Throws `exists` when the name is taken. */
export async function insertEventType(
  db: Kysely<Database>,
  provider: string,
  draft: EventTypeDraft,
): Promise<EventType> {
  try {
    const row = await db
      .insertInto("event_type")
      .values({ provider, name: draft.name, ...toRow(draft) })
      .returningAll()
      .executeTakeFirstOrThrow();
    return fromRow(row);
  } catch (error) {
    if (isUniqueViolation(error, "event_type_pkey")) {
      throw new AppError("exists", `event type ${draft.name} exists`, { cause: error });
    }
    throw error;
  }
}

/** Rows of one statement; Postgres takes at most 65,535 parameters. */
const upsertCountMax = 1_000;

/** Inserts event types, or overwrites those whose names are taken. */
export async function upsertEventTypes(
  db: Kysely<Database>,
  provider: string,
  drafts: readonly EventTypeDraft[],
): Promise<void> {
  for (let start = 0; start < drafts.length; start += upsertCountMax) {
    const rows = drafts
      .slice(start, start + upsertCountMax)
      .map((draft) => ({ provider, name: draft.name, ...toRow(draft) }));
    await db
      .insertInto("event_type")
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(["provider", "name"]).doUpdateSet((eb) => ({
          group_name: eb.ref("excluded.group_name"),
          description: eb.ref("excluded.description"),
          schema: eb.ref("excluded.schema"),
          example: eb.ref("excluded.example"),
          label: eb.ref("excluded.label"),
          version: eb.ref("excluded.version"),
          filter: eb.ref("excluded.filter"),
          has_previous: eb.ref("excluded.has_previous"),
          updated_at: sql`now()`,
        })),
      )
      .execute();
  }
}

/** Writes all of an event type but its name. */
export async function updateEventType(
  db: Kysely<Database>,
  provider: string,
  draft: EventTypeDraft,
): Promise<EventType> {
  const row = await db
    .updateTable("event_type")
    .set({ ...toRow(draft), updated_at: sql`now()` })
    .where("provider", "=", provider)
    .where("name", "=", draft.name)
    .returningAll()
    .executeTakeFirstOrThrow();
  return fromRow(row);
}

/** Deletes an event type; false when there is none. */
export async function deleteEventType(
  db: Kysely<Database>,
  { provider, name }: { provider: string; name: string },
): Promise<boolean> {
  const result = await db
    .deleteFrom("event_type")
    .where("provider", "=", provider)
    .where("name", "=", name)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

function toRow(draft: EventTypeDraft) {
  return {
    group_name: draft.group,
    description: draft.description,
    schema: draft.schema,
    example: draft.example,
    label: draft.label,
    version: draft.version,
    filter: draft.filter,
    has_previous: draft.hasPrevious,
  };
}

function fromRow(row: Selectable<Database["event_type"]>): EventType {
  return {
    name: row.name,
    group: row.group_name,
    description: row.description,
    schema: row.schema,
    example: row.example,
    label: row.label,
    version: row.version,
    filter: row.filter,
    hasPrevious: row.has_previous,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
