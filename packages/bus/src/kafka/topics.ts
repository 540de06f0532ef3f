import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@posthorn/errors";
import type { Admin, ITopicConfig } from "kafkajs";
import type { TopicSpec } from "../bus.ts";
import type { MetadataReader, TopicMetadata } from "./topic-metadata.ts";

const replicationWanted = 3;
const retentionMs = 14 * 24 * 3_600_000;
/** Above what one publish may bring, as a batch of it must fit whole. */
const messageBytesMax = 8 * 1024 * 1024;
/** How long a topic may take to appear, and how often that is looked at. */
const appearMsMax = 15_000;
const appearEveryMs = 50;

/** Reads a topic; throws `not_found`. */
export async function requireMetadata(
  reader: MetadataReader,
  topic: string,
): Promise<TopicMetadata> {
  const metadata = await reader.get(topic);
  if (!metadata) throw new AppError("not_found", `topic ${topic} not found`);
  return metadata;
}

/** Reads a topic that was just created, by us or by another: brokers learn of it one by one. */
export async function awaitMetadata(reader: MetadataReader, topic: string): Promise<TopicMetadata> {
  const deadlineMs = performance.now() + appearMsMax;
  for (;;) {
    const metadata = await reader.get(topic);
    if (metadata) return metadata;
    if (performance.now() > deadlineMs) {
      throw new AppError("unavailable", `topic ${topic} was created and does not appear`);
    }
    await sleep(appearEveryMs);
  }
}

/**
 * Creates topics: three replicas, two of which confirm (with fewer brokers, as many as there are),
 * kept 14 days. Does nothing about those that another process creates meanwhile.
 */
export async function createTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const replicationFactor = Math.min(replicationWanted, brokers.length);
  await admin.createTopics({
    topics: specs.map((spec) => topicConfig(spec, replicationFactor)),
    waitForLeaders: true,
  });
}

function topicConfig(spec: TopicSpec, replicationFactor: number): ITopicConfig {
  const config = {
    "cleanup.policy": "delete",
    "retention.ms": retentionMs,
    "max.message.bytes": messageBytesMax,
    "min.insync.replicas": Math.max(1, replicationFactor - 1),
    "message.timestamp.type": "LogAppendTime",
  };
  return {
    topic: spec.name,
    numPartitions: spec.partitionCount,
    replicationFactor,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value: String(value) })),
  };
}
