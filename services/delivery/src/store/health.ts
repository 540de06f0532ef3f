import { type Kysely, sql } from "kysely";
import { bigints, booleans, integers, texts, uuids } from "./arrays.ts";
import type { Database } from "./database.ts";
import { absent, type Fragment, type Leased } from "./fragment.ts";
import type { Aim } from "./result.ts";
import {
  disableAfterDays,
  noticeAfterDays,
  noticeLeadDays,
  type Tally,
  type Tried,
  tallies,
} from "./tallies.ts";

/** How a webhook fares. */
export interface Health {
  readonly webhookUuid: string;
  readonly breakerState: "CLOSED" | "OPEN" | "HALF_OPEN";
  /** Empty when it is closed. */
  readonly breakerReason: string;
  readonly breakerUntil: Date | undefined;
  /** Failed attempts since the last one that succeeded. */
  readonly consecutiveFailures: number;
  /** Undefined when none did. */
  readonly lastSuccessAt: Date | undefined;
  /** Undefined when none did. */
  readonly lastFailureAt: Date | undefined;
}

/** Lists the health of a workspace's webhooks; those that were never sent to are left out. */
export async function listHealth(
  db: Kysely<Database>,
  workspaceUuid: string,
  { partition, webhookUuids }: { partition: number; webhookUuids: readonly string[] },
): Promise<readonly Health[]> {
  if (webhookUuids.length === 0) return [];
  const rows = await db
    .selectFrom("webhook_health as h")
    .leftJoin("lane as l", (join) =>
      join.onRef("l.partition", "=", "h.partition").onRef("l.webhook_id", "=", "h.webhook_id"),
    )
    .select(["h.webhook_id", "h.consecutive_failures", "h.last_success_at", "h.last_failure_at"])
    .select(["l.breaker_state", "l.breaker_reason", "l.breaker_until"])
    .where("h.workspace_id", "=", workspaceUuid)
    .where("h.partition", "=", partition)
    .where("h.webhook_id", "in", [...webhookUuids])
    .execute();
  return rows.map((row) => ({
    webhookUuid: row.webhook_id,
    breakerState: (row.breaker_state ?? "CLOSED") as Health["breakerState"], // the table's check
    breakerReason: row.breaker_reason ?? "",
    breakerUntil: row.breaker_until ?? undefined,
    consecutiveFailures: row.consecutive_failures,
    lastSuccessAt: row.last_success_at ?? undefined,
    lastFailureAt: row.last_failure_at ?? undefined,
  }));
}

interface Aimed extends Tried {
  readonly lease: number;
  readonly provider: string;
  readonly workspaceUuid: string;
  readonly aim: Aim;
}

/**
 * Keeps the webhooks' health, a row each, and leaves notices of what it shows: a webhook that has
 * failed for days, that is to be disabled, or that has recovered. All by the database's clock. A
 * failing period belongs to one target: with another URL, or switched on again, it begins anew.
 */
export function healthCtes(results: readonly Leased[]): Fragment {
  const sums = tallies(results.flatMap(toAimed));
  if (sums.length === 0) return absent;
  const of = <T>(pick: (sum: Tally<Aimed>) => T) => sums.map(pick);
  const ctes = sql`, health as (
      insert into delivery.webhook_health as h (partition, webhook_id, workspace_id, provider,
        webhook_version, target_version, consecutive_failures, failing_since, last_success_at,
        last_failure_at, disabled_target, verdict)
      select held.partition, t.webhook_id, t.workspace_id, t.provider, t.version, t.target_version,
        t.failures, case when t.failures > 0 then now() end,
        case when t.has_succeeded then now() end, case when t.has_failed then now() end,
        case when t.is_gone then t.target_version end, case when t.is_gone then 'GONE' else '' end
      from unnest(${integers(of(({ last }) => last.lease))}::integer[],
        ${uuids(of(({ last }) => last.webhookUuid))}::uuid[],
        ${uuids(of(({ last }) => last.workspaceUuid))}::uuid[],
        ${texts(of(({ last }) => last.provider))}::text[],
        ${bigints(of(({ last }) => last.aim.version))}::bigint[],
        ${bigints(of(({ last }) => last.aim.targetVersion))}::bigint[],
        ${integers(of(({ failureCount }) => failureCount))}::integer[],
        ${booleans(of(({ hasSucceeded }) => hasSucceeded))}::boolean[],
        ${booleans(of(({ hasFailed }) => hasFailed))}::boolean[],
        ${booleans(of(({ isGone }) => isGone))}::boolean[])
        as t (lease, webhook_id, workspace_id, provider, version, target_version, failures,
          has_succeeded, has_failed, is_gone)
      join held on held.lease = t.lease
      order by held.partition, t.webhook_id
      on conflict (partition, webhook_id) do update set
        webhook_version = greatest(h.webhook_version, excluded.webhook_version),
        target_version = greatest(h.target_version, excluded.target_version),
        consecutive_failures = excluded.consecutive_failures
          + case when excluded.last_success_at is null then h.consecutive_failures else 0 end,
        failing_since = case
          when excluded.last_success_at is not null or excluded.target_version > h.target_version
          then excluded.failing_since
          else coalesce(h.failing_since, excluded.failing_since) end,
        last_success_at = coalesce(excluded.last_success_at, h.last_success_at),
        last_failure_at = coalesce(excluded.last_failure_at, h.last_failure_at),
        verdict = ${verdict},
        noticed_at = case ${verdict}
          when 'FAILING' then now() when 'RECOVERED' then null else h.noticed_at end,
        disabled_target = case ${verdict}
          when 'GONE' then excluded.target_version when 'FAILED' then excluded.target_version
          when 'RECOVERED' then null else h.disabled_target end
      returning h.partition, h.webhook_id, h.workspace_id, h.webhook_version, h.verdict,
        h.consecutive_failures, h.failing_since
    ), health_notice as (
      insert into delivery.notice (partition, kind, workspace_id, webhook_id, webhook_version,
        reason, failures, failing_since)
      select partition, case when verdict in ('GONE', 'FAILED') then 'DISABLE' else verdict end,
        workspace_id, webhook_id, webhook_version,
        case verdict when 'GONE' then 'GONE' when 'FAILED' then 'FAILING' else '' end,
        consecutive_failures, failing_since
      from health where verdict <> ''
    )`;
  return { name: "health", ctes };
}

/**
 * What a write makes of the webhook: `h` as it was, `excluded` what is added. Written out for each
 * column, as a subselect of all three takes longer than the rest of the row.
 */
const verdict = sql.raw(`case
  when excluded.target_version < h.target_version or excluded.target_version = h.disabled_target
    then ''
  when excluded.verdict = 'GONE' then 'GONE'
  when excluded.last_success_at is not null then
    case when h.noticed_at is not null or h.disabled_target is not null
      then 'RECOVERED' else '' end
  when excluded.target_version > h.target_version then ''
  when h.failing_since <= now() - interval '${disableAfterDays} days'
    and h.noticed_at between h.failing_since and now() - interval '${noticeLeadDays} days' then 'FAILED'
  when h.failing_since <= now() - interval '${noticeAfterDays} days'
    and (h.noticed_at is null or h.noticed_at < h.failing_since) then 'FAILING'
  else '' end`);

function toAimed({ lease, result }: Leased): Aimed[] {
  const { attempt, aim, provider, webhookUuid, workspaceUuid, isGone = false } = result;
  if (!attempt || !aim) return [];
  const key = { lease, provider, workspaceUuid, webhookUuid };
  return [{ ...key, aim, outcome: attempt.outcome, isGone }];
}
