import { AppError } from "@posthorn/errors";
import type pg from "pg";
import type { TopicSpec } from "../bus.ts";
import { checkPartitionCount } from "../check.ts";
import { checkTopicSpec } from "../topic-spec.ts";
import { insertSegment } from "./segments.ts";

/** A topic as its row and its open segment were when they were read. */
export interface Topic {
  readonly id: number;
  readonly name: string;
  readonly partitionCount: number;
  /** Grows: an append that finds it closed reads it again. */
  readonly segmentId: number;
}

/** Reads a topic. */
export async function getTopic(db: Queryable, name: string): Promise<Topic | undefined> {
  const { rows } = await db.query<[number, string, number, number]>({
    name: "bus_get_topic",
    text: `select t.id, t.name, t.partition_count, h.segment_id
      from bus.topic t join bus.partition_head h on h.topic_id = t.id and h.partition = 0
      where t.name = $1`,
    values: [name],
    rowMode: "array",
  });
  const [row] = rows;
  return row && { id: row[0], name: row[1], partitionCount: row[2], segmentId: row[3] };
}

/** Reads a topic; throws `not_found`. */
export async function requireTopic(db: Queryable, name: string): Promise<Topic> {
  const topic = await getTopic(db, name);
  if (!topic) throw new AppError("not_found", `topic ${name} not found`);
  return topic;
}

/** Creates the topic unless it is there; throws `precondition` on another partition count. */
export async function ensureTopic(client: pg.ClientBase, spec: TopicSpec): Promise<void> {
  checkTopicSpec(spec);
  const topic = await getTopic(client, spec.name);
  if (topic) checkPartitionCount(spec, topic.partitionCount);
  else await insertTopic(client, spec);
}

async function insertTopic(client: pg.ClientBase, spec: TopicSpec): Promise<void> {
  const { rows } = await client.query<{ id: number }>(
    "insert into bus.topic (name, partition_count) values ($1, $2) returning id",
    [spec.name, spec.partitionCount],
  );
  const topicId = rows[0]?.id;
  const segmentId = await insertSegment(client, Number(topicId));
  await client.query(
    `with head as (
      insert into bus.partition_head (topic_id, partition, next_offset, segment_id)
      select $1, partition, 0, $2 from generate_series(0, $3 - 1) partition
      returning *
    )
    insert into bus.segment_range (segment_id, topic_id, partition, first_offset)
    select segment_id, topic_id, partition, next_offset from head`,
    [topicId, segmentId, spec.partitionCount],
  );
}

type Queryable = pg.Pool | pg.ClientBase;
