import { type Kysely, sql } from "kysely";

/**
 * The log's tables. A topic's records lie in segments, tables of their own (`bus.segment_<id>`),
 * made as the log grows and dropped when every group has passed them. New tables only: no lock.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const statements = [
  // Identifies the log: offsets that were read from another one mean nothing here.
  `create table bus.log (
    id uuid not null default gen_random_uuid(),
    is_only boolean not null default true,
    constraint log_pkey primary key (is_only),
    constraint log_is_only_check check (is_only)
  )`,
  "insert into bus.log default values",
  `create table bus.topic (
    id integer generated always as identity,
    name text not null,
    partition_count integer not null,
    constraint topic_pkey primary key (id),
    constraint topic_name_key unique (name),
    constraint topic_partition_count_check check (partition_count between 1 and 1024)
  )`,
  `create table bus.segment (
    id integer generated always as identity,
    topic_id integer not null,
    created_at timestamptz not null default now(),
    constraint segment_pkey primary key (id),
    constraint segment_topic_id_fkey foreign key (topic_id) references bus.topic (id)
  )`,
  // Which offsets of a partition a segment holds; the open segment's end is null. The primary key
  // serves the search for an offset's segment.
  `create table bus.segment_range (
    segment_id integer not null,
    topic_id integer not null,
    partition integer not null,
    first_offset bigint not null,
    end_offset bigint,
    constraint segment_range_pkey primary key (topic_id, partition, segment_id),
    constraint segment_range_segment_id_fkey foreign key (segment_id) references bus.segment (id)
      on delete cascade
  )`,
  "create index segment_range_segment_id_idx on bus.segment_range (segment_id)",
  // Updated by every append: room on the page lets its row versions be pruned in place.
  `create table bus.partition_head (
    topic_id integer not null,
    partition integer not null,
    next_offset bigint not null,
    segment_id integer not null,
    constraint partition_head_pkey primary key (topic_id, partition),
    constraint partition_head_topic_id_fkey foreign key (topic_id) references bus.topic (id)
  ) with (fillfactor = 20)`,
  // The bus of a member tells an appending process whether any other one is to be notified.
  `create table bus.member (
    topic_id integer not null,
    group_name text not null,
    id uuid not null,
    bus_id uuid not null,
    heartbeat_at timestamptz not null,
    constraint member_pkey primary key (topic_id, group_name, id)
  ) with (fillfactor = 50)`,
  // Who of a group reads a partition, and how far the group has come: what no group has still to
  // read may be dropped.
  `create table bus.group_partition (
    topic_id integer not null,
    group_name text not null,
    partition integer not null,
    member_id uuid,
    next_offset bigint not null default 0,
    constraint group_partition_pkey primary key (topic_id, group_name, partition),
    constraint group_partition_topic_id_fkey foreign key (topic_id) references bus.topic (id)
  ) with (fillfactor = 50)`,
];
