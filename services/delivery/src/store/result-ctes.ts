import { type RawBuilder, sql } from "kysely";
import { booleans, byteStrings, integers, texts, times, uuids } from "./arrays.ts";
import { dayTable } from "./days.ts";
import { absent, type Counted, type Fragment, type Leased, type Written } from "./fragment.ts";
import { healthCtes } from "./health.ts";
import { endNotices } from "./notices.ts";
import { onConflict } from "./repeats.ts";
import type { NewAttempt } from "./result.ts";
import { statCtes } from "./stats.ts";

/** The channel that tells watchers of recorded attempts; payload `<workspace> <day> <delivery> <number>`. */
export const attemptChannel = "posthorn_attempt";

/**
 * What results leave behind beside the delivery's own row: common table expressions for a
 * statement that has `held (lease, partition)`, the leases and offsets that still hold, and
 * `written.deliveries`. Results of others leave nothing. A part that no result asks for is left
 * out, and the statement's name says which are in: one name always stands for the same SQL.
 */
export function leftBehind(results: readonly Leased[], written: Written): readonly Fragment[] {
  const counted = countedOf(results);
  const ended = endNotices(results, written);
  const health = healthCtes(results);
  return [
    attempts(results, written),
    statCtes(counted),
    lanes(results),
    health,
    ended,
    told(results),
  ];
}

/** Names a statement by the day that it writes and by what it is composed of. */
export function statementName(first: string, day: string, fragments: readonly Fragment[]): string {
  const parts = fragments.map(({ name }) => name).filter((name) => name !== "");
  return [first, ...(day === "" ? [] : [day.replaceAll("-", "")]), ...parts].join("-");
}

/** The comment that has the driver prepare the statement under its name. */
export function nameComment(name: string): RawBuilder<unknown> {
  return sql.raw(`/*${name}*/`);
}

/** Joins the fragments' expressions. */
export function joined(fragments: readonly Fragment[]): RawBuilder<unknown> {
  return sql.join(
    fragments.map(({ ctes }) => ctes),
    sql` `,
  );
}

/** A column that makes the notifications happen: what only selects in `with` runs when it is used. */
export function tellAll(fragments: readonly Fragment[]): RawBuilder<unknown> {
  const isTelling = fragments.some(({ name }) => name === "told");
  return isTelling ? sql`, (select count(*) from told)` : sql``;
}

/** Gives the attempts among results, for what is counted as attempts are written. */
export function countedOf(results: readonly Leased[]): readonly Counted[] {
  return results.flatMap(({ lease, result }) => {
    const { attempt, provider, workspaceUuid, webhookUuid, state } = result;
    if (!attempt) return [];
    const { outcome, statusCode, durationMs, startedAt } = attempt;
    const key = { lease, provider, workspaceUuid, webhookUuid };
    return { ...key, outcome, statusCode, durationMs, startedAt, state };
  });
}

function attempts(results: readonly Leased[], { day, inserting }: Written): Fragment {
  const tried = results.flatMap(({ lease, result }) =>
    result.attempt ? [{ lease, result, attempt: result.attempt }] : [],
  );
  if (tried.length === 0) return absent;
  const ctes = sql`, new_attempt as (
      insert into ${dayTable("attempt", day)} (day, id, workspace_id, delivery_id, event_id, event_type,
        webhook_id, number, started_at, duration_us, outcome, status_code, url, request_headers,
        response_headers, response_body, response_truncated, remote_address, timings, error)
      select ${day}::date, a.id, a.workspace_id, a.delivery_id, a.event_id, a.event_type,
        a.webhook_id, a.number, a.started_at, a.duration_us, a.outcome, a.status_code, a.url,
        a.request_headers, a.response_headers, a.response_body, a.response_truncated,
        a.remote_address, a.timings, a.error
      from (select unnest(${integers(tried.map(({ lease }) => lease))}::integer[]) as lease,
        unnest(${uuids(tried.map(({ attempt }) => attempt.uuid))}::uuid[]) as id,
        unnest(${uuids(tried.map(({ result }) => result.workspaceUuid))}::uuid[]) as workspace_id,
        unnest(${uuids(tried.map(({ result }) => result.deliveryUuid))}::uuid[]) as delivery_id,
        unnest(${uuids(tried.map(({ result }) => result.eventUuid))}::uuid[]) as event_id,
        unnest(${texts(tried.map(({ result }) => result.eventType))}::text[]) as event_type,
        unnest(${uuids(tried.map(({ result }) => result.webhookUuid))}::uuid[]) as webhook_id,
        unnest(${integers(tried.map(({ attempt }) => attempt.number))}::integer[]) as number,
        unnest(${times(tried.map(({ attempt }) => attempt.startedAt))}::timestamptz[]) as started_at,
        unnest(${integers(tried.map(({ attempt }) => Math.round(attempt.durationMs * 1000)))}::integer[])
          as duration_us,
        unnest(${texts(tried.map(({ attempt }) => attempt.outcome))}::text[]) as outcome,
        unnest(${integers(tried.map(({ attempt }) => attempt.statusCode))}::integer[]) as status_code,
        unnest(${texts(tried.map(({ attempt }) => attempt.url))}::text[]) as url,
        unnest(${texts(tried.map(({ attempt }) => JSON.stringify(attempt.requestHeaders)))}::text[])
          as request_headers,
        unnest(${texts(tried.map(({ attempt }) => JSON.stringify(attempt.responseHeaders)))}::text[])
          as response_headers,
        unnest(${byteStrings(tried.map(({ attempt }) => attempt.responseBody))}::bytea[])
          as response_body,
        unnest(${booleans(tried.map(({ attempt }) => attempt.responseTruncated))}::boolean[])
          as response_truncated,
        unnest(${texts(tried.map(({ attempt }) => attempt.remoteAddress))}::text[]) as remote_address,
        unnest(${texts(tried.map(({ attempt }) => JSON.stringify(timingsOf(attempt))))}::text[])
          as timings,
        unnest(${texts(tried.map(({ attempt }) => attempt.error))}::text[]) as error) a
      where a.lease in (select lease from held)
      ${onConflict(inserting)}
      returning 1
    )`;
  return { name: "tried", ctes };
}

/** The waits stand beside the timings. */
function timingsOf({ timings, waits }: NewAttempt): object {
  return Object.keys(waits).length === 0 ? timings : { ...timings, waits };
}

function lanes(results: readonly Leased[]): Fragment {
  const blocked = results.filter(({ result }) => result.laneBlockedUntil !== undefined);
  if (blocked.length === 0) return absent;
  const ctes = sql`, lanes as (
      insert into delivery.lane as b (partition, webhook_id, blocked_until)
      select held.partition, l.webhook_id, max(l.blocked_until)
      from unnest(${integers(blocked.map(({ lease }) => lease))}::integer[],
        ${uuids(blocked.map(({ result }) => result.webhookUuid))}::uuid[],
        ${times(blocked.map(({ result }) => result.laneBlockedUntil))}::timestamptz[])
        as l (lease, webhook_id, blocked_until)
      join held on held.lease = l.lease
      group by held.partition, l.webhook_id
      order by held.partition, l.webhook_id
      on conflict (partition, webhook_id) do update set
        blocked_until = greatest(b.blocked_until, excluded.blocked_until)
    )`;
  return { name: "lanes", ctes };
}

function told(results: readonly Leased[]): Fragment {
  const payloads = results.flatMap(({ result }) => {
    const { isWatched, attempt, workspaceUuid, day, deliveryUuid } = result;
    return isWatched && attempt
      ? [`${workspaceUuid} ${day} ${deliveryUuid} ${attempt.number}`]
      : [];
  });
  if (payloads.length === 0) return absent;
  const ctes = sql`, told as (
      select pg_notify(${attemptChannel}, w.payload) from unnest(${texts(payloads)}::text[]) as w (payload)
      where exists (select from held)
    )`;
  return { name: "told", ctes };
}
