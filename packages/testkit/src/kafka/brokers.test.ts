import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KafkaBroker, kafkaBroker } from "./broker.ts";
import { canRunKafkaBroker, kafkaBrokers } from "./brokers.ts";

async function listTopics(brokers: readonly string[]): Promise<string[]> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

async function createTopic(brokers: readonly string[], topic: string): Promise<void> {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.createTopics({ topics: [{ topic }], waitForLeaders: true });
  } finally {
    await admin.disconnect();
  }
}

const brokers = await kafkaBrokers();

describe.runIf(brokers.length > 0)("the run's brokers", () => {
  test("are the same whoever asks, and serve", async () => {
    const topic = `testkit-${randomUUID()}`;
    await createTopic(brokers, topic);
    expect(await listTopics(await kafkaBrokers())).toContain(topic);
  });
});

describe.runIf(canRunKafkaBroker())("a broker of one's own", () => {
  let broker: KafkaBroker;
  beforeAll(async () => {
    broker = await kafkaBroker();
  });
  afterAll(() => broker.close());

  test("keeps its topics and address when killed and started again", async () => {
    await createTopic(broker.brokers, "kept");
    await broker.kill();
    await broker.start();
    expect(await listTopics(broker.brokers)).toContain("kept");
  });

  test("refuses connections while stopped", async () => {
    await broker.stop();
    await expect(listTopics(broker.brokers)).rejects.toThrow("ECONNREFUSED");
    await broker.start();
  });
});
