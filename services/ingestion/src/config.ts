import { type KafkaConfig, readKafkaConfig } from "@posthorn/bus";
import type { EnvReader } from "@posthorn/runtime";
import type { IngestTopic } from "./workers/ingest-source.ts";

/** What the ingestion service is told. */
export interface IngestionConfig {
  readonly databaseUrl: string;
  /** Connections to Postgres, at most. */
  readonly connectionCountMax: number;
  /** What Posthorn's services show each other; page tokens are sealed by a key made from it. */
  readonly serviceKey: string;
  /** Partitions of `posthorn.events.v1` when it is created. */
  readonly partitionCount: number;
  /** The topics that producers write to, and whose events they hold. Empty means none. */
  readonly ingestTopics: readonly IngestTopic[];
  /** Partitions of an ingest topic, and of the one of dead letters, when it is created. */
  readonly ingestPartitionCount: number;
}

/** What a process that runs the ingestion service alone is told besides. */
export interface IngestionProcessConfig {
  readonly host: string;
  readonly port: number;
  /** Undefined: the log lies in Postgres. */
  readonly kafka: KafkaConfig | undefined;
  readonly subscriptionUrl: string;
}

/** Reads the settings of a process that runs the ingestion service alone. */
export function readIngestionProcessConfig(env: EnvReader): IngestionProcessConfig {
  return {
    host: env.text("POSTHORN_INGESTION_HOST", { default: "127.0.0.1" }),
    port: env.int("POSTHORN_INGESTION_PORT", { default: 8432, min: 0, max: 65_535 }),
    kafka: readKafkaConfig(env),
    subscriptionUrl: env.text("POSTHORN_SUBSCRIPTION_URL"),
  };
}

const topicForm = /^([A-Za-z0-9._-]{1,180})=([a-z][a-z0-9-]{0,62})$/;

/** Reads the settings of the ingestion service, except for what its process alone needs. */
export function readIngestionConfig(env: EnvReader): IngestionConfig {
  return {
    databaseUrl: env.secret("DATABASE_URL"),
    connectionCountMax: env.int("POSTHORN_INGESTION_CONNECTIONS", {
      default: 10,
      min: 2,
      max: 200,
    }),
    serviceKey: env.secret("POSTHORN_SERVICE_KEY"),
    partitionCount: env.int("POSTHORN_PARTITIONS", { default: 32, min: 1, max: 1024 }),
    ingestTopics: ingestTopics(env),
    ingestPartitionCount: env.int("POSTHORN_INGEST_PARTITIONS", { default: 8, min: 1, max: 1024 }),
  };
}

/** `topic=provider`, comma-separated; `none` for no topic at all. */
function ingestTopics(env: EnvReader): readonly IngestTopic[] {
  const name = "POSTHORN_INGEST_TOPICS";
  const items = env.list(name, { default: ["posthorn.ingest.v1=demo"] });
  if (items.length === 1 && items[0] === "none") return [];
  const topics = items.flatMap((item) => {
    const [, topic, provider] = topicForm.exec(item) ?? [];
    if (topic !== undefined && provider !== undefined) return { topic, provider };
    env.problem(`${name} must be pairs of topic=provider, not ${item}`);
    return [];
  });
  if (new Set(topics.map(({ topic }) => topic)).size < topics.length) {
    env.problem(`${name} must name each topic once`);
  }
  return topics;
}
