import { create, toBinary } from "@bufbuild/protobuf";
import { type Bus, kafkaBus } from "@posthorn/bus";
import { PublishEventRequestSchema } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { eventually, kafkaBrokers } from "@posthorn/testkit";
import { CloudEvent, Kafka as CloudEventsKafka } from "cloudevents";
import { Kafka, logLevel, type Message, Partitioners, type Producer } from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ingestionDatabase } from "../../test/database.ts";
import { FakeSubscription } from "../../test/fake-subscription.ts";
import {
  deadRecordsOf,
  eventsOf,
  type IngestCase,
  ingestCase,
  startIngest,
  textOf,
} from "../../test/ingest.ts";
import { silent } from "../../test/setup.ts";

const brokers = await kafkaBrokers();

describe.runIf(brokers.length > 0)("from a real Kafka", () => {
  let database: Awaited<ReturnType<typeof ingestionDatabase>>;
  let bus: Bus;
  let producer: Producer;
  beforeAll(async () => {
    database = await ingestionDatabase();
    bus = await kafkaBus({ brokers, clientId: "test", log: silent });
    const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
  });
  afterAll(async () => {
    await producer.disconnect();
    await bus.close();
    await database.drop();
  });

  async function setup() {
    const subscription = new FakeSubscription();
    const ingest = await ingestCase({ url: database.url, bus, subscription });
    const send = (...messages: Message[]) => producer.send({ topic: ingest.topic, messages });
    const service = await startIngest(ingest);
    return { ingest, send, service };
  }

  const texts = (events: readonly { data: Uint8Array }[]) =>
    events.map(({ data }) => Buffer.from(data).toString());
  const acme = { "posthorn-workspace": "acme" };

  async function offsetsOf({ topic }: IngestCase) {
    const rows = database.db.selectFrom("consumer_offset").select(["log_id", "next_offset"]);
    return rows.where("topic", "=", topic).execute();
  }

  test("takes what the CloudEvents SDK writes, protobuf and JSON, each once", async () => {
    const { ingest, send, service } = await setup();
    const cloudEvent = new CloudEvent({
      id: "17",
      source: "/shop",
      type: "a",
      datacontenttype: "application/json",
      workspaceid: "acme",
      data: { cloud: 1 },
    });
    const request = create(PublishEventRequestSchema, {
      workspace: "acme",
      event: { type: "a", data: Buffer.from("1.0") },
    });
    await send(
      toMessage(CloudEventsKafka.binary(cloudEvent)),
      toMessage(CloudEventsKafka.structured(cloudEvent)),
      {
        value: Buffer.from(toBinary(PublishEventRequestSchema, request)),
        headers: { "content-type": "application/x-protobuf" },
      },
      { value: '{"type":"a","data":{ "b": 1 }}', headers: acme },
    );
    const events = await eventsOf(ingest, "acme", 4);
    expect(texts(events)).toEqual(['{"cloud":1}', '{"cloud":1}', "1.0", '{ "b": 1 }']);
    expect(events[1]?.eventId).toBe(events[0]?.eventId);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(3);
    await eventually(async () => {
      const { logId: log_id } = await bus.identity(ingest.topic);
      expect(await offsetsOf(ingest)).toEqual([{ log_id, next_offset: "4" }]);
    });
    await service.stop();
  });

  test("refuses byte for byte, without the key that a record bore", async () => {
    const { ingest, send, service } = await setup();
    const value = Buffer.from([0xff, 0x00]);
    const headers = { ...acme, Authorization: "Bearer secret", odd: Buffer.from([0xfe]) };
    await send({ key: "k", value, headers }, { value: null, headers: acme });
    const [first, second] = await deadRecordsOf(ingest, 2);
    expect(Buffer.from(first?.value ?? []).equals(value)).toBe(true);
    expect(Buffer.from(first?.key ?? []).toString()).toBe("k");
    expect(Buffer.from(first?.headers["odd"] ?? []).equals(headers.odd)).toBe(true);
    expect(textOf(first?.headers ?? {})).toMatchObject({
      "posthorn-reason": "INVALID",
      "posthorn-offset": "0",
    });
    expect(textOf(second?.headers ?? {})).toMatchObject({ "posthorn-offset": "1" });
    expect(JSON.stringify(textOf(first?.headers ?? {}))).not.toContain("secret");
    await service.stop();
  });

  test("reads several topics at once, in several processes, each for its provider", async () => {
    const subscription = new FakeSubscription();
    const cases = await Promise.all(
      [1, 2].map(() => ingestCase({ url: database.url, bus, subscription })),
    );
    const services = await Promise.all([startIngest(...cases), startIngest(...cases)]);
    for (const [index, { topic }] of cases.entries()) {
      const value = `{"type":"a","data":${index}}`;
      await producer.send({ topic, messages: [{ value, headers: acme }] });
    }
    for (const [index, each] of cases.entries()) {
      expect(texts(await eventsOf(each, "acme", 1))[0]).toBe(String(index));
    }
    for (const service of services) await service.stop();
  });

  test("goes on where the last process stopped", async () => {
    const { ingest, send, service } = await setup();
    await send({ value: '{"type":"a","data":1}', headers: acme });
    await eventsOf(ingest, "acme", 1);
    await service.stop();
    await send({ value: '{"type":"a","data":2}', headers: acme });
    const again = await startIngest(ingest);
    await eventually(async () => {
      expect(await offsetsOf(ingest)).toEqual([expect.objectContaining({ next_offset: "2" })]);
    });
    const events = await eventsOf(ingest, "acme", 2);
    expect(texts(events).slice(-1)).toEqual(["2"]);
    expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(2);
    await again.stop();
  });
});

/** The SDK leaves headers undefined and data unserialised, as kafkajs would not have them. */
function toMessage({ headers, value }: { headers: object; value: unknown }): Message {
  const given = Object.entries(headers).filter(([, header]) => header !== undefined);
  return {
    value: typeof value === "string" ? value : JSON.stringify(value),
    headers: Object.fromEntries(given.map(([name, header]) => [name, String(header)])),
  };
}
