import { create } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import {
  type Stats,
  Stats_Granularity,
  StatsFailuresSchema,
  StatsLatencySchema,
  type StatsNumbers,
  StatsNumbersSchema,
  StatsSchema,
  type StatsService,
} from "@posthorn/proto/posthorn/delivery/v1/stats_service";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import { idToUuid } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { quantileMs } from "../domain/latency.ts";
import { type Granularity, statRange } from "../domain/stat-range.ts";
import type { Database } from "../store/database.ts";
import { latencyBoundsMs, listStats, type Stat, type StatScope } from "../store/stats.ts";
import type { Subscriptions } from "../workers/subscriptions.ts";
import { toWorkspaceUuid } from "./delivery-service.ts";
import { toDuration } from "./messages.ts";
import { toDate } from "./paging.ts";

export interface StatsServiceDeps {
  readonly db: Kysely<Database>;
  readonly subscriptions: Subscriptions;
  readonly now: () => Date;
}

/** What all three calls say beside whose numbers they want. */
interface Asked {
  readonly after?: Timestamp | undefined;
  readonly before?: Timestamp | undefined;
  readonly granularity: Stats_Granularity;
}

/** Serves the numbers that are counted as attempts are recorded. */
export function statsService(deps: StatsServiceDeps): ServiceImpl<typeof StatsService> {
  const { db, subscriptions, now } = deps;
  return {
    async getWebhookStats(request, context) {
      const workspace = await subscriptions.current(toWorkspaceUuid(workspaceIdOf(context)));
      const webhookUuid = idToUuid("wh", request.webhook);
      if (webhookUuid === undefined || !workspace.webhooks.has(webhookUuid)) {
        throw new AppError("not_found", `webhook ${request.webhook} not found`);
      }
      return answer({ workspaceUuid: workspace.uuid, webhookUuid }, request);
    },

    getWorkspaceStats(request, context) {
      return answer({ workspaceUuid: toWorkspaceUuid(workspaceIdOf(context)) }, request);
    },

    getStats(request, context) {
      return answer({ provider: principalOf(context).provider }, request);
    },
  };

  async function answer(scope: StatScope, asked: Asked): Promise<Stats> {
    const { after, before, granularity } = statRange(
      {
        after: toDate(asked.after),
        before: toDate(asked.before),
        granularity: toGranularity(asked.granularity),
      },
      now(),
    );
    const stepMs = granularity === "HOUR" ? hourMs : 24 * hourMs;
    const stats = await listStats(db, scope, { after, before, stepMs });
    const points = stats.map((stat) => ({
      time: timestampFromDate(stat.at),
      numbers: toNumbers([stat]),
    }));
    return create(StatsSchema, {
      after: timestampFromDate(after),
      before: timestampFromDate(before),
      total: toNumbers(stats),
      points: granularity === "TOTAL" ? [] : points,
    });
  }
}

const hourMs = 3_600_000;

function toGranularity(granularity: Stats_Granularity): Granularity {
  switch (granularity) {
    case Stats_Granularity.GRANULARITY_UNSPECIFIED:
    case Stats_Granularity.TOTAL:
      return "TOTAL";
    case Stats_Granularity.HOUR:
      return "HOUR";
    case Stats_Granularity.DAY:
      return "DAY";
  }
  throw new Error(`granularity ${String(granularity)} passed the checks`);
}

function toNumbers(stats: readonly Stat[]): StatsNumbers {
  const sum = (name: keyof Stat["counts"]) =>
    BigInt(stats.reduce((total, { counts }) => total + counts[name], 0));
  const failures = create(StatsFailuresSchema, {
    redirectCount: sum("redirected"),
    clientErrorCount: sum("client_error"),
    serverErrorCount: sum("server_error"),
    timeoutCount: sum("timed_out"),
    dnsErrorCount: sum("dns_error"),
    connectErrorCount: sum("connect_error"),
    tlsErrorCount: sum("tls_error"),
    refusedAddressCount: sum("refused_address"),
    protocolErrorCount: sum("protocol_error"),
  });
  const counts = latencyBoundsMs
    .concat(Number.POSITIVE_INFINITY)
    .map((_, index) => stats.reduce((total, { lengths }) => total + (lengths[index] ?? 0), 0));
  const attemptCount = counts.reduce((total, count) => total + count, 0);
  const successCount = sum("succeeded");
  const durationMs = stats.reduce((total, stat) => total + stat.durationMs, 0);
  return create(StatsNumbersSchema, {
    attemptCount: BigInt(attemptCount),
    successCount,
    failureCount: BigInt(attemptCount) - successCount,
    failures,
    deliveredCount: sum("delivered"),
    exhaustedCount: sum("exhausted"),
    ...(attemptCount > 0 && {
      successRate: Number(successCount) / attemptCount,
      latency: toLatency(counts, durationMs / attemptCount),
    }),
  });
}

function toLatency(counts: readonly number[], meanMs: number) {
  const quantile = (share: number) =>
    toDuration(quantileMs({ counts, boundsMs: latencyBoundsMs }, share) ?? 0);
  return create(StatsLatencySchema, {
    mean: toDuration(meanMs),
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  });
}
