import { type Kysely, sql } from "kysely";
import type { Attempt } from "../domain/delivery.ts";
import { plainArray, timeArray } from "./arrays.ts";
import type { Database } from "./database.ts";
import type { Held } from "./partitions.ts";

/** An attempt to be recorded; what it belongs to stands in its result. Ids are UUIDs. */
export type NewAttempt = Omit<
  Attempt,
  "id" | "deliveryId" | "eventId" | "eventType" | "webhookId"
> & { readonly uuid: string };

/** What an attempt came to, and what it leaves behind. Ids are UUIDs. */
export interface Result {
  readonly held: Held;
  readonly day: string;
  readonly deliveryUuid: string;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly eventUuid: string;
  readonly eventType: string;
  /** Absent when the delivery ends without an attempt. */
  readonly attempt?: NewAttempt;
  readonly state: "PENDING" | "SUCCEEDED" | "EXHAUSTED" | "CANCELED";
  readonly stateReason: string;
  /** When it is due again; only with PENDING. */
  readonly dueAt?: Date;
  /** Nothing is sent to the webhook before this time. */
  readonly laneBlockedUntil?: Date;
  /** The version of the webhook that answered 410. */
  readonly disableVersion?: string;
  /** Whether somebody watches the workspace's attempts. */
  readonly isWatched: boolean;
}

/** The channel that tells watchers of recorded attempts; payload `<workspace> <day> <delivery> <number>`. */
export const attemptChannel = "posthorn_attempt";

/**
 * Records results of several partitions in one statement: attempts, the deliveries' new state,
 * the schedule, lanes and the outbox. Results whose lease is no longer held are left out.
 * A delivery that was canceled meanwhile gets its attempt recorded and stays canceled.
 *
 * Gives the keys (`heldKey`) of the leases that are still held.
 */
export async function recordResults(
  db: Kysely<Database>,
  results: readonly Result[],
): Promise<ReadonlySet<string>> {
  const held = distinctHeld(results);
  const tried = results.flatMap((result) =>
    result.attempt ? [{ result, attempt: result.attempt }] : [],
  );
  const blocked = results.filter((result) => result.laneBlockedUntil !== undefined);
  const disabled = results.filter((result) => result.disableVersion !== undefined);
  const watched = tried.filter(({ result }) => result.isWatched);
  const { rows } = await sql<{ key: string }>`/*results*/
    with held as (
      select p.id, p.epoch, p.id || ' ' || p.epoch as key from delivery.partition p
      join unnest(${plainArray(held.map((h) => h.partition))}::integer[], ${plainArray(held.map((h) => h.epoch))}::bigint[])
        as h (id, epoch) on p.id = h.id and p.epoch = h.epoch
      for share of p
    ), new_attempt as (
      insert into delivery.attempt (day, id, workspace_id, delivery_id, event_id, event_type,
        webhook_id, number, started_at, duration_us, outcome, status_code, url, request_headers,
        response_headers, response_body, response_truncated, remote_address, timings, error)
      select a.day, a.id, a.workspace_id, a.delivery_id, a.event_id, a.event_type, a.webhook_id,
        a.number, a.started_at, a.duration_us, a.outcome, a.status_code, a.url, a.request_headers,
        a.response_headers, a.response_body, a.response_truncated, a.remote_address, a.timings,
        a.error
      from unnest(${tried.map(({ result }) => heldKey(result.held))}::text[],
        ${plainArray(tried.map(({ result }) => result.day))}::date[],
        ${plainArray(tried.map(({ attempt }) => attempt.uuid))}::uuid[],
        ${plainArray(tried.map(({ result }) => result.workspaceUuid))}::uuid[],
        ${plainArray(tried.map(({ result }) => result.deliveryUuid))}::uuid[],
        ${plainArray(tried.map(({ result }) => result.eventUuid))}::uuid[],
        ${tried.map(({ result }) => result.eventType)}::text[],
        ${plainArray(tried.map(({ result }) => result.webhookUuid))}::uuid[],
        ${plainArray(tried.map(({ attempt }) => attempt.number))}::integer[],
        ${timeArray(tried.map(({ attempt }) => attempt.startedAt))}::timestamptz[],
        ${plainArray(tried.map(({ attempt }) => Math.round(attempt.durationMs * 1000)))}::integer[],
        ${tried.map(({ attempt }) => attempt.outcome)}::text[],
        ${plainArray(tried.map(({ attempt }) => attempt.statusCode))}::integer[],
        ${tried.map(({ attempt }) => attempt.url)}::text[],
        ${tried.map(({ attempt }) => JSON.stringify(attempt.requestHeaders))}::text[],
        ${tried.map(({ attempt }) => JSON.stringify(attempt.responseHeaders))}::text[],
        ${tried.map(({ attempt }) => attempt.responseBody)}::bytea[],
        ${plainArray(tried.map(({ attempt }) => attempt.responseTruncated))}::boolean[],
        ${tried.map(({ attempt }) => attempt.remoteAddress)}::text[],
        ${tried.map(({ attempt }) => JSON.stringify(attempt.timings))}::text[],
        ${tried.map(({ attempt }) => attempt.error)}::text[])
        as a (held, day, id, workspace_id, delivery_id, event_id, event_type, webhook_id,
          number, started_at, duration_us, outcome, status_code, url, request_headers,
          response_headers, response_body, response_truncated, remote_address, timings, error)
      where a.held in (select key from held)
      on conflict do nothing
    ), result as (
      select r.* from unnest(${results.map((r) => heldKey(r.held))}::text[],
        ${plainArray(results.map((r) => r.day))}::date[], ${plainArray(results.map((r) => r.deliveryUuid))}::uuid[],
        ${results.map((r) => r.state)}::text[], ${results.map((r) => r.stateReason)}::text[],
        ${timeArray(results.map((r) => r.dueAt))}::timestamptz[],
        ${plainArray(results.map((r) => r.attempt?.number ?? null))}::integer[],
        ${plainArray(results.map((r) => (r.attempt && r.attempt.outcome !== "SUCCEEDED" ? 1 : 0)))}::integer[],
        ${plainArray(results.map((r) => r.attempt?.statusCode ?? null))}::integer[])
        as r (held, day, delivery_id, state, state_reason, due_at, attempt_count, failed,
          status_code)
      where r.held in (select key from held)
    ), changed as (
      update delivery.delivery d set
        state = case when d.state = 'PENDING' then r.state else d.state end,
        state_reason = case when d.state = 'PENDING' then r.state_reason else d.state_reason end,
        next_attempt_at = case when d.state = 'PENDING' then r.due_at end,
        attempt_count = coalesce(r.attempt_count, d.attempt_count),
        failure_count = d.failure_count + r.failed,
        last_status_code = coalesce(r.status_code, d.last_status_code)
      from result r
      where d.day = r.day and d.id = r.delivery_id
    ), ended as (
      delete from delivery.schedule s using result r
      where s.delivery_id = r.delivery_id and r.due_at is null
    ), postponed as (
      update delivery.schedule s set due_at = r.due_at,
        attempt_count = coalesce(r.attempt_count, s.attempt_count)
      from result r
      where s.delivery_id = r.delivery_id and r.due_at is not null
    ), lanes as (
      insert into delivery.lane (partition, webhook_id, blocked_until)
      select held.id, l.webhook_id, max(l.blocked_until)
      from unnest(${blocked.map((r) => heldKey(r.held))}::text[],
        ${plainArray(blocked.map((r) => r.webhookUuid))}::uuid[],
        ${timeArray(blocked.map((r) => r.laneBlockedUntil))}::timestamptz[])
        as l (held, webhook_id, blocked_until)
      join held on held.key = l.held
      group by held.id, l.webhook_id
      on conflict (partition, webhook_id) do update set blocked_until = excluded.blocked_until
    ), notices as (
      insert into delivery.outbox (workspace_id, webhook_id, webhook_version, reason)
      select o.workspace_id, o.webhook_id, o.webhook_version, 'GONE'
      from unnest(${disabled.map((r) => heldKey(r.held))}::text[],
        ${plainArray(disabled.map((r) => r.workspaceUuid))}::uuid[],
        ${plainArray(disabled.map((r) => r.webhookUuid))}::uuid[],
        ${plainArray(disabled.map((r) => r.disableVersion))}::bigint[])
        as o (held, workspace_id, webhook_id, webhook_version)
      where o.held in (select key from held)
    ), told as (
      select pg_notify(${attemptChannel}, w.payload)
      from unnest(${watched.map(watchPayload)}::text[]) as w (payload)
    )
    select key, (select count(*) from told) from held`.execute(db);
  return new Set(rows.map((row) => row.key));
}

function watchPayload({ result, attempt }: { result: Result; attempt: NewAttempt }): string {
  return `${result.workspaceUuid} ${result.day} ${result.deliveryUuid} ${attempt.number}`;
}

function distinctHeld(results: readonly Result[]): Held[] {
  return [...new Map(results.map(({ held }) => [heldKey(held), held])).values()];
}

/** Names a lease: a partition under one epoch. */
export function heldKey({ partition, epoch }: Held): string {
  return `${partition} ${epoch}`;
}
