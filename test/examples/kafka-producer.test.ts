import {
  canRunKafkaBroker,
  eventually,
  type KafkaBroker,
  kafkaBroker,
  receiver,
} from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess, type Posthorn } from "../harness/posthorn.ts";
import { exampleFolder } from "./example-folder.ts";

describe.runIf(canRunKafkaBroker())("examples/kafka-producer", () => {
  let broker: KafkaBroker;
  let posthorn: Posthorn;

  beforeAll(async () => {
    broker = await kafkaBroker();
    posthorn = await oneProcess({ env: { KAFKA_BROKERS: broker.brokers.join(",") } });
  }, 120_000);
  afterAll(async () => {
    await posthorn?.stop();
    await broker?.close();
  });

  it("sends our JSON and a CloudEvent, which arrive, and run twice they arrive once", async () => {
    const target = await receiver();
    const webhooks = "/v1/workspaces/acme/webhooks";
    const registered = await posthorn.call("POST", webhooks, { url: target.url });
    expect(registered.status, registered.text).toBe(200);
    const example = exampleFolder("kafka-producer");
    const args = ["--brokers", broker.brokers.join(","), "--workspace", "acme"];
    expect(await example.run("producer.mjs", { args })).toContain("sent 2 events of acme");
    const requests = await target.next(2);
    const dataByType = requests.map(({ body }) => {
      const { type, data } = JSON.parse(body.toString());
      return [type, data];
    });
    expect(Object.fromEntries(dataByType)).toMatchObject({
      "order.created": { orderId: "ord_9", total: 4990 },
      "order.status.changed": { orderId: "ord_9", status: "PAID" },
    });

    await example.run("producer.mjs", { args });
    await eventually(async () => {
      const { text } = await posthorn.call("GET", "/metrics");
      expect(text).toContain('posthorn_ingestion_events_total{source="topic"} 4');
    });
    const { body } = await posthorn.call("GET", "/v1/workspaces/acme/events");
    expect(body.events).toHaveLength(2);
    example.remove();
    await target.close();
  });
});
