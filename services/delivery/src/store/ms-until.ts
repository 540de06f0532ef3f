import { type RawBuilder, sql } from "kysely";

/** Milliseconds until a time by the database's clock, 0 when it is past. */
export function msUntil(time: RawBuilder<unknown>): RawBuilder<number> {
  return sql`greatest(extract(epoch from ${time} - clock_timestamp()) * 1000, 0)::float8`;
}
