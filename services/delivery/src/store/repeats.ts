import { isUniqueViolation } from "@posthorn/postgres";
import { type RawBuilder, sql } from "kysely";

/** How a statement inserts: as if nothing of it were there, or leaving out what is. */
export type Inserting = "new" | "left-out-if-there";

/**
 * Runs a statement as if nothing that it inserts were there, and again, minding what is there, if
 * something was: to mind it costs a fifth of the statement, and it is there only after an answer
 * of Postgres was lost or a record came twice.
 */
export async function mindingRepeats<T>(run: (inserting: Inserting) => Promise<T>): Promise<T> {
  try {
    return await run("new");
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    return await run("left-out-if-there");
  }
}

/** The clause of an insert. */
export function onConflict(inserting: Inserting): RawBuilder<unknown> {
  return inserting === "new" ? sql`` : sql`on conflict do nothing`;
}
