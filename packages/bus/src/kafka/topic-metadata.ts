import assert from "node:assert";
import { AppError } from "@posthorn/errors";
import type { Broker, Cluster, Kafka } from "kafkajs";

/** What a broker tells of a topic. */
export interface TopicMetadata {
  readonly clusterId: string;
  /** 22 characters of base64url, as Kafka's own tools write it; another after a re-creation. */
  readonly topicId: string;
  readonly partitionCount: number;
}

/** Asks brokers for topics' ids, which kafkajs has no call for. */
export interface MetadataReader {
  /** Undefined when there is no such topic. Throws kafkajs' errors. */
  get(topic: string): Promise<TopicMetadata | undefined>;
  close(): Promise<void>;
}

const apiKey = 3;
/** The first that tells topic ids: Kafka 2.8. */
const apiVersion = 10;
/** UNKNOWN_TOPIC_OR_PARTITION, INVALID_TOPIC_EXCEPTION. */
const unknownTopic = [3, 17];

/** Connects when it is first asked. */
export function metadataReader(kafka: Kafka): MetadataReader {
  const { cluster, connect, disconnect } = clusterOf(kafka);
  let connecting: Promise<void> | undefined;
  return {
    async get(topic) {
      connecting ??= connect();
      try {
        await connecting;
        await cluster.refreshMetadataIfNecessary();
        return await sendRequest(await cluster.findControllerBroker(), topic);
      } catch (error) {
        connecting = undefined;
        throw error;
      }
    },
    close: disconnect,
  };
}

/** A consumer is given its cluster only through its assigner; this one never joins a group. */
function clusterOf(kafka: Kafka) {
  let cluster: Cluster | undefined;
  const consumer = kafka.consumer({
    groupId: "posthorn-metadata",
    partitionAssigners: [
      (given) => {
        cluster = given.cluster;
        return {
          name: "none",
          version: 0,
          assign: async () => [],
          protocol: () => ({ name: "none", metadata: Buffer.alloc(0) }),
        };
      },
    ],
  });
  assert(cluster, "kafkajs made no assigner");
  return { cluster, connect: () => consumer.connect(), disconnect: () => consumer.disconnect() };
}

/** The members of kafkajs' broker (2.2.4) that its types leave out. */
interface BrokerInside {
  readonly versions: Readonly<Record<number, { maxVersion: number }>> | null;
  readonly connectionPool: { send(request: object): Promise<TopicMetadata | undefined> };
}

async function sendRequest(broker: Broker, topic: string): Promise<TopicMetadata | undefined> {
  await broker.connect();
  const { versions, connectionPool } = broker as unknown as BrokerInside;
  if ((versions?.[apiKey]?.maxVersion ?? 0) < apiVersion) {
    throw new AppError("precondition", "the Kafka brokers must be of version 2.8 or later");
  }
  const body = encodeRequest(topic);
  return await connectionPool.send({
    request: {
      apiKey,
      apiVersion,
      apiName: "Metadata",
      encode: async () => ({ buf: body, buffer: body, size: () => body.length }),
    },
    response: {
      decode: async (payload: Buffer) => payload,
      parse: async (payload: Buffer) => decodeResponse(payload),
    },
  });
}

/**
 * Metadata request 10: the header's tags, topics of (id, name, tags), no automatic creation, no
 * authorized operations, tags. https://kafka.apache.org/protocol.html#The_Messages_Metadata
 */
function encodeRequest(topic: string): Buffer {
  const name = Buffer.from(topic);
  const nameLength = name.length + 1;
  assert(nameLength < 0x4000, "topic name too long");
  const varint = nameLength < 0x80 ? [nameLength] : [(nameLength & 0x7f) | 0x80, nameLength >> 7];
  return Buffer.concat([
    Buffer.from([0, 2]),
    Buffer.alloc(16),
    Buffer.from(varint),
    name,
    Buffer.from([0, 0, 0, 0, 0]),
  ]);
}

/** Metadata response 10, as far as the only topic's partition count. */
export function decodeResponse(payload: Buffer): TopicMetadata | undefined {
  let at = 0;
  skipTags();
  at += 4; // throttle time
  for (let count = uvarint() - 1; count > 0; count -= 1) skipBroker();
  const clusterId = text();
  at += 4; // controller
  assert(uvarint() === 2, "metadata of one topic was asked for");
  const errorCode = payload.readInt16BE(at);
  at += 2;
  text(); // name
  const topicId = payload.subarray(at, at + 16).toString("base64url");
  at += 16 + 1; // and whether it is internal
  if (unknownTopic.includes(errorCode)) return undefined;
  if (errorCode !== 0) throw new AppError("unavailable", `no metadata: Kafka error ${errorCode}`);
  return { clusterId, topicId, partitionCount: uvarint() - 1 };

  function skipBroker(): void {
    at += 4; // id
    text(); // host
    at += 4; // port
    text(); // rack
    skipTags();
  }

  function skipTags(): void {
    for (let count = uvarint(); count > 0; count -= 1) {
      uvarint();
      const length = uvarint();
      at += length;
    }
  }

  function text(): string {
    const length = Math.max(0, uvarint() - 1);
    at += length;
    return payload.toString("utf8", at - length, at);
  }

  function uvarint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = payload.readUInt8(at);
      at += 1;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }
}
