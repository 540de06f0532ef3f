import assert from "node:assert";
import { heavyTurn } from "@posthorn/runtime";
import { type Kysely, sql } from "kysely";
import type { EndsTold } from "../domain/notice.ts";
import { bigints, integers, texts, times, uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import { dayTable } from "./days.ts";
import { absent, type Fragment, heavyRows, type Leased } from "./fragment.ts";
import type { Held } from "./partitions.ts";
import { type Inserting, mindingRepeats } from "./repeats.ts";
import type { Result } from "./result.ts";
import { joined, leftBehind, nameComment, statementName, tellAll } from "./result-ctes.ts";

/**
 * Records results of several partitions, all of one day's deliveries, in one statement: attempts,
 * the deliveries' new state, the schedule, lanes, the webhooks' health and notices. Results whose
 * lease is no longer held are left out.
 * A delivery that was canceled meanwhile gets its attempt recorded and stays canceled. One whose
 * attempt has been recorded already is left as it is: the same results may be written again, and
 * an answer that was lost may have been late.
 *
 * Gives the keys (`heldKey`) of the leases that are still held.
 */
export async function recordResults(
  db: Kysely<Database>,
  results: readonly Result[],
  endsTold: EndsTold,
): Promise<ReadonlySet<string>> {
  if (results.length >= heavyRows) await heavyTurn("begun");
  return await mindingRepeats((inserting) => record(db, results, { endsTold, inserting }));
}

async function record(
  db: Kysely<Database>,
  results: readonly Result[],
  { endsTold, inserting }: { endsTold: EndsTold; inserting: Inserting },
): Promise<ReadonlySet<string>> {
  const day = results[0]?.day ?? "";
  assert(
    results.every((result) => result.day === day),
    "one statement takes results of one day",
  );
  const leases = [...new Map(results.map(({ held }) => [heldKey(held), held]))];
  const numbers = new Map(leases.map(([key], index) => [key, index]));
  const leased = results.map((result): Leased => {
    return { lease: numbers.get(heldKey(result.held)) ?? 0, result };
  });
  const written = { day, deliveries: "changed", endsTold, inserting } as const;
  const fragments = [...scheduled(results), ...leftBehind(leased, written)];
  const name = statementName(inserting === "new" ? "results" : "results-again", day, fragments);
  const { rows } = await sql<{ lease: number }>`${nameComment(name)}
    with held as (
      select h.lease, p.id as partition from delivery.partition p
      join unnest(${integers(leases.map((_, index) => index))}::integer[],
        ${integers(leases.map(([, held]) => held.partition))}::integer[],
        ${bigints(leases.map(([, held]) => held.epoch))}::bigint[])
        as h (lease, id, epoch) on p.id = h.id and p.epoch = h.epoch
      for share of p
    ), result as (
      select r.*
      from (select unnest(${integers(leased.map(({ lease }) => lease))}::integer[]) as lease,
        unnest(${uuids(results.map((r) => r.deliveryUuid))}::uuid[]) as delivery_id,
        unnest(${texts(results.map((r) => r.state))}::text[]) as state,
        unnest(${texts(results.map((r) => r.stateReason))}::text[]) as state_reason,
        unnest(${times(results.map((r) => r.dueAt))}::timestamptz[]) as due_at,
        unnest(${integers(results.map((r) => r.attempt?.number))}::integer[]) as attempt_count,
        unnest(${integers(results.map(failureCount))}::integer[]) as failed,
        unnest(${integers(results.map((r) => r.attempt?.statusCode))}::integer[]) as status_code) r
      where r.lease in (select lease from held)
    ), changed as (
      update ${dayTable("delivery", day)} d set
        state = case when d.state = 'PENDING' then r.state else d.state end,
        state_reason = case when d.state = 'PENDING' then r.state_reason else d.state_reason end,
        next_attempt_at = case when d.state = 'PENDING' then r.due_at end,
        attempt_count = coalesce(r.attempt_count, d.attempt_count),
        failure_count = d.failure_count + r.failed,
        last_status_code = coalesce(r.status_code, d.last_status_code)
      from result r
      where d.id = r.delivery_id
        and d.attempt_count < coalesce(r.attempt_count, d.attempt_count + 1)
      returning r.due_at, d.id, d.workspace_id, d.partition, d.webhook_id, d.event_id,
        d.event_type, d.state, d.attempt_count, d.last_status_code, d.state = r.state as has_changed
    )${joined(fragments)}
    select lease${tellAll(fragments)} from held`.execute(db);
  return new Set(rows.flatMap(({ lease }) => leases[lease]?.[0] ?? []));
}

function scheduled(results: readonly Result[]): readonly Fragment[] {
  const ended = sql`, ended as (
      delete from delivery.schedule s using changed c
      where s.delivery_id = c.id and c.due_at is null
    )`;
  const postponed = sql`, postponed as (
      update delivery.schedule s set due_at = c.due_at, class = greatest(s.class, 1),
        attempt_count = c.attempt_count
      from changed c
      where s.delivery_id = c.id and c.due_at is not null
    )`;
  return [
    results.some(({ dueAt }) => dueAt === undefined) ? { name: "end", ctes: ended } : absent,
    results.some(({ dueAt }) => dueAt !== undefined) ? { name: "later", ctes: postponed } : absent,
  ];
}

/** How many failures an attempt adds: 0 or 1. */
export function failureCount({ attempt }: Result): number {
  return attempt && attempt.outcome !== "SUCCEEDED" ? 1 : 0;
}

/** Names a lease: a partition under one epoch. */
export function heldKey({ partition, epoch }: Held): string {
  return `${partition} ${epoch}`;
}
