import { create, toBinary } from "@bufbuild/protobuf";
import { PublishEventRequestSchema } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { canRunKafkaBroker, eventually, receiver } from "@posthorn/testkit";
import { CloudEvent, Kafka as CloudEventsKafka } from "cloudevents";
import { Kafka, logLevel, Partitioners, type Producer } from "kafkajs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Separate, separateProcesses } from "../harness/separate-processes.ts";

const topic = "posthorn.ingest.v1";

describe.runIf(canRunKafkaBroker())("events from a Kafka producer", () => {
  let posthorn: Separate;
  let producer: Producer;
  let count = 0;

  beforeAll(async () => {
    posthorn = await separateProcesses();
    const kafka = new Kafka({ brokers: [...posthorn.brokers], logLevel: logLevel.NOTHING });
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
  }, 120_000);
  afterAll(async () => {
    await producer?.disconnect();
    await posthorn?.stop();
  });

  async function setup() {
    count += 1;
    const workspace = `kafka-${count}`;
    const target = await receiver();
    const path = `/v1/workspaces/${workspace}/webhooks`;
    expect((await posthorn.call("POST", path, { url: target.url })).status).toBe(200);
    return { workspace, target };
  }

  it("as our JSON arrive with the bytes of their data", async () => {
    const { workspace, target } = await setup();
    const data = '{"n": 123456789012345678901234567890}';
    const value = `{"type":"order.created","data":${data}}`;
    const headers = { "posthorn-workspace": workspace };
    await producer.send({ topic, messages: [{ key: workspace, value, headers }] });
    const [request] = await target.next();
    expect(request?.body.toString()).toContain(`"data":${data}}`);
  });

  it("as CloudEvents, binary and structured, arrive once each", async () => {
    const { workspace, target } = await setup();
    const attributes = { source: "/orders", type: "order.created", workspaceid: workspace };
    const event = (id: string) => new CloudEvent({ ...attributes, id, data: { orderId: id } });
    const binary = CloudEventsKafka.binary(event("b1"));
    const structured = CloudEventsKafka.structured(event("s1"));
    for (const message of [binary, binary, structured]) {
      const headers = Object.fromEntries(
        Object.entries(message.headers).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, String(value)]],
        ),
      );
      const value = Buffer.from(
        typeof message.value === "string" ? message.value : JSON.stringify(message.value),
      );
      await producer.send({ topic, messages: [{ key: workspace, value, headers }] });
    }
    const requests = await target.next(2);
    const bodies = requests.map(({ body }) => body.toString()).join();
    expect(bodies).toContain('"orderId":"b1"');
    expect(bodies).toContain('"orderId":"s1"');
    const listed = await posthorn.call("GET", `/v1/workspaces/${workspace}/events`);
    expect(listed.body.events).toHaveLength(2);
  });

  it("as protobuf arrive", async () => {
    const { workspace, target } = await setup();
    const data = Buffer.from('{"orderId":"p1"}');
    const message = create(PublishEventRequestSchema, {
      workspace,
      event: { type: "order.created", data },
    });
    const value = Buffer.from(toBinary(PublishEventRequestSchema, message));
    const headers = { "posthorn-workspace": workspace, "content-type": "application/x-protobuf" };
    await producer.send({ topic, messages: [{ key: workspace, value, headers }] });
    const [request] = await target.next();
    expect(request?.body.toString()).toContain('"data":{"orderId":"p1"}');
  });

  it("that are refused are listed with the reason, and the next one arrives", async () => {
    const { workspace, target } = await setup();
    const headers = { "posthorn-workspace": workspace };
    const bad = { key: workspace, value: '{"type":"no.such.type","data":{}}', headers };
    const poison = { key: workspace, value: Buffer.from([0, 1, 2]), headers };
    const good = { key: workspace, value: '{"type":"order.created","data":{}}', headers };
    await producer.send({ topic, messages: [bad, poison, good] });
    await target.next();
    await eventually(async () => {
      const { body } = await posthorn.call("GET", "/v1/dead-letters");
      expect(JSON.stringify(body.deadLetters)).toContain("no.such.type");
      expect(body.deadLetters.length).toBeGreaterThanOrEqual(2);
    });
  });
});
