import { AppError } from "@posthorn/errors";
import type pg from "pg";
import type { LogIdentity } from "../bus.ts";
import { requireTopic } from "./topics.ts";

/** Reads which log this is, and the topic's partition count. */
export async function getIdentity(pool: pg.Pool, topic: string): Promise<LogIdentity> {
  const { partitionCount } = await requireTopic(pool, topic);
  const { rows } = await pool.query<{ id: string }>("select id from bus.log");
  return { logId: String(rows[0]?.id), partitionCount };
}

/** Reads the next offsets of the topic's partitions, in their order; throws `not_found`. */
export async function listEnds(pool: pg.Pool, topic: string): Promise<bigint[]> {
  const { rows } = await pool.query<{ next_offset: string }>({
    name: "bus_list_ends",
    text: `select next_offset::text from bus.partition_head
      where topic_id = (select id from bus.topic where name = $1) order by partition`,
    values: [topic],
  });
  if (rows.length === 0) throw new AppError("not_found", `topic ${topic} not found`);
  return rows.map(({ next_offset }) => BigInt(next_offset));
}

/** Reads the next offset of one partition; throws `not_found`. */
export async function getEnd(pool: pg.Pool, topic: string, partition: number): Promise<bigint> {
  const { rows } = await pool.query<{ next_offset: string }>({
    name: "bus_get_end",
    text: `select next_offset::text from bus.partition_head
      where topic_id = (select id from bus.topic where name = $1) and partition = $2`,
    values: [topic, partition],
  });
  const [row] = rows;
  if (!row) throw new AppError("not_found", `partition ${partition} of topic ${topic} not found`);
  return BigInt(row.next_offset);
}
