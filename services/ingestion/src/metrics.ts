import type { Bus } from "@posthorn/bus";
import type { Metrics } from "@posthorn/runtime";
import type { Kysely } from "kysely";
import { listOffsets } from "./store/consumer-offsets.ts";
import type { Database } from "./store/database.ts";
import type { IngestTopic } from "./workers/ingest-source.ts";

/** Where the service counts what it did. */
export interface IngestionMetrics {
  countPublished(count: number): void;
  countTaken(counts: { accepted: number; refused: number }): void;
}

/** Registers the service's metrics; how far consumers lag behind is looked up when it is read. */
export function ingestionMetrics(
  metrics: Metrics,
  deps: { db: Kysely<Database>; bus: Bus; topics: readonly IngestTopic[] },
): IngestionMetrics {
  const events = metrics.counter({
    name: "posthorn_ingestion_events_total",
    help: "Events that are in the log, by the way they came.",
    labelNames: ["source"],
  });
  const refused = metrics.counter({
    name: "posthorn_ingestion_dead_letters_total",
    help: "Records of ingest topics that were refused.",
  });
  metrics.gauge({
    name: "posthorn_ingestion_lag_records",
    help: "Records of ingest topics that are not read yet.",
    labelNames: ["topic"],
    async collect(gauge) {
      for (const { topic } of deps.topics) gauge.set({ topic }, await lagOf(topic).catch(unknown));
    },
  });
  const rpc = events.labels("rpc");
  const topic = events.labels("topic");
  return {
    countPublished: (count) => rpc.inc(count),
    countTaken(counts) {
      topic.inc(counts.accepted);
      refused.inc(counts.refused);
    },
  };

  async function lagOf(topic: string): Promise<number> {
    const lags = await deps.bus.lag(topic, await listOffsets(deps.db, topic));
    return [...lags.values()].reduce((sum, lag) => sum + Number(lag), 0);
  }
}

/** All other metrics are wanted most when Postgres or the log cannot be asked. */
const unknown = () => Number.NaN;
