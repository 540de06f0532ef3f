import { type RawBuilder, sql } from "kysely";

/** Where a page of rows in order of time ended: microseconds since 1970, and the row's UUID. */
export interface Cursor {
  readonly atUs: string;
  readonly uuid: string;
}

/** A page of rows and where it ended; undefined when it was the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: Cursor | undefined;
}

/** A time column in microseconds, since a Date would cut it to milliseconds. */
export function microseconds(column: string): RawBuilder<string> {
  return sql<string>`(extract(epoch from ${sql.ref(column)}) * 1000000)::bigint::text`;
}

/** The condition that a row comes after the cursor, newest first. */
export function isBefore(
  timeColumn: string,
  idColumn: string,
  cursor: Cursor,
): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(timeColumn)}, ${sql.ref(idColumn)}) <
    ('epoch'::timestamptz + ${cursor.atUs}::bigint * interval '1 microsecond', ${cursor.uuid}::uuid)`;
}

/** Cuts a page from one row more than it may have. */
export function toPage<R extends { at_us: string; id: string }, T>(
  rows: readonly R[],
  sizeMax: number,
  toItem: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, sizeMax);
  const last = shown.at(-1);
  const next = rows.length > sizeMax && last ? { atUs: last.at_us, uuid: last.id } : undefined;
  return { items: shown.map(toItem), next };
}
