import type pg from "pg";

/** A member of a group, and the bus that it is of. */
export interface MemberId {
  readonly memberId: string;
  readonly busId: string;
}

/** Which group of which topic. */
export interface GroupKey {
  readonly topicId: number;
  readonly group: string;
}

/** One partition as a group's member sees it. */
export interface GroupPartition {
  /** The live member that reads it, or null. */
  readonly holder: string | null;
  /** The log's end, not the group's. */
  readonly end: bigint;
}

/** What a member must know to decide. */
export interface GroupState {
  readonly live: readonly string[];
  /** By partition. */
  readonly partitions: readonly GroupPartition[];
}

/** How long a member counts as alive after its last heartbeat. */
export const lapseMs = 5_000;
const lapse = `interval '${lapseMs} milliseconds'`;

/** Makes the group known, so that no segment is dropped before it has passed it. Idempotent. */
export async function registerGroup(pool: pg.Pool, { topicId, group }: GroupKey): Promise<void> {
  await pool.query(
    `insert into bus.group_partition (topic_id, group_name, partition)
    select topic_id, $2, partition from bus.partition_head where topic_id = $1
    order by partition
    on conflict do nothing`,
    [topicId, group],
  );
}

/** Shows that the member is alive; forgets members that have long been silent. */
export async function recordHeartbeat(
  pool: pg.Pool,
  { topicId, group }: GroupKey,
  { memberId, busId }: MemberId,
): Promise<void> {
  await pool.query({
    name: "bus_heartbeat",
    text: `with forgotten as (
        delete from bus.member
        where topic_id = $1 and group_name = $2 and id <> $3
          and heartbeat_at < now() - 20 * ${lapse}
      )
      insert into bus.member (topic_id, group_name, id, bus_id, heartbeat_at)
      values ($1, $2, $3, $4, now())
      on conflict (topic_id, group_name, id) do update set heartbeat_at = now()`,
    values: [topicId, group, memberId, busId],
  });
}

/** Reads who is alive, who reads what, and where the partitions end. */
export async function getGroupState(pool: pg.Pool, key: GroupKey): Promise<GroupState> {
  const { rows } = await pool.query<{ live: string[]; holder: string | null; end: string }>({
    name: "bus_group_state",
    text: `with live as (
        select id from bus.member
        where topic_id = $1 and group_name = $2 and heartbeat_at > now() - ${lapse}
      )
      select array(select id::text from live) as live,
        (select id::text from live where id = g.member_id) as holder,
        h.next_offset::text as end
      from bus.group_partition g
      join bus.partition_head h using (topic_id, partition)
      where g.topic_id = $1 and g.group_name = $2
      order by g.partition`,
    values: [key.topicId, key.group],
  });
  return {
    live: rows[0]?.live ?? [],
    partitions: rows.map(({ holder, end }) => ({ holder, end: BigInt(end) })),
  };
}

/** Takes those of the partitions that no live member holds; gives what it got. */
export async function takePartitions(
  pool: pg.Pool,
  { topicId, group }: GroupKey,
  claim: { memberId: string; partitions: readonly number[] },
): Promise<number[]> {
  const { rows } = await pool.query<{ partition: number }>(
    `with free as (
      select partition from bus.group_partition g
      where topic_id = $1 and group_name = $2 and partition = any ($4::integer[])
        and not exists (
          select from bus.member m
          where m.topic_id = $1 and m.group_name = $2 and m.id = g.member_id
            and m.id <> $3 and m.heartbeat_at > now() - ${lapse}
        )
      order by partition for update skip locked
    )
    update bus.group_partition g set member_id = $3 from free
    where g.topic_id = $1 and g.group_name = $2 and g.partition = free.partition
    returning g.partition`,
    [topicId, group, claim.memberId, claim.partitions],
  );
  return rows.map(({ partition }) => partition);
}

/** Writes how far the group has come in partitions that the member still holds. */
export async function recordPositions(
  pool: pg.Pool,
  { topicId, group }: GroupKey,
  { memberId, positions }: { memberId: string; positions: ReadonlyMap<number, bigint> },
): Promise<void> {
  if (positions.size === 0) return;
  await pool.query({
    name: "bus_record_positions",
    text: `update bus.group_partition g set next_offset = p.next_offset
      from unnest($4::integer[], $5::bigint[]) p (partition, next_offset)
      where g.topic_id = $1 and g.group_name = $2 and g.partition = p.partition
        and g.member_id = $3`,
    values: [topicId, group, memberId, [...positions.keys()], [...positions.values()].map(String)],
  });
}

/** Gives up partitions that the member holds. */
export async function releasePartitions(
  pool: pg.Pool,
  { topicId, group }: GroupKey,
  claim: { memberId: string; partitions: readonly number[] },
): Promise<void> {
  await pool.query(
    `update bus.group_partition set member_id = null
    where topic_id = $1 and group_name = $2 and member_id = $3
      and partition = any ($4::integer[])`,
    [topicId, group, claim.memberId, claim.partitions],
  );
}

/** Leaves the group; the member must hold nothing any more. */
export async function deleteMember(
  pool: pg.Pool,
  { topicId, group }: GroupKey,
  memberId: string,
): Promise<void> {
  await pool.query("delete from bus.member where topic_id = $1 and group_name = $2 and id = $3", [
    topicId,
    group,
    memberId,
  ]);
}
