// Publishes two events to Posthorn by Kafka: one as Posthorn's own JSON, one as a CloudEvent.
//
// Usage: node producer.mjs [--brokers host:port,host:port] [--workspace acme]
import { parseArgs } from "node:util";
import { Kafka, Partitioners } from "kafkajs";

const topic = "posthorn.ingest.v1";
const { values } = parseArgs({
  options: {
    brokers: { type: "string", default: "127.0.0.1:9092" },
    workspace: { type: "string", default: "acme" },
  },
});
const { workspace } = values;

/** An event as in REST. Its key makes it safe to send again. */
const ownJson = {
  key: workspace,
  headers: { "posthorn-workspace": workspace },
  value: JSON.stringify({
    type: "order.created",
    data: { orderId: "ord_9", total: 4990, currency: "EUR" },
    idempotencyKey: "ord_9-created",
  }),
};

/** A CloudEvent in binary mode: the value is the data; `source` and `id` are its key. */
const cloudEvent = {
  key: workspace,
  headers: {
    "content-type": "application/json",
    ce_specversion: "1.0",
    ce_source: "/orders",
    ce_id: "ord_9-paid",
    ce_type: "order.status.changed",
    ce_workspaceid: workspace,
  },
  value: JSON.stringify({ orderId: "ord_9", status: "PAID" }),
};

const kafka = new Kafka({ clientId: "orders", brokers: values.brokers.split(",") });
const producer = kafka.producer({
  // Acknowledged by all replicas, and not doubled by a retry of the client.
  idempotent: true,
  // Records of one workspace share a key, and so a partition, and so keep their order.
  createPartitioner: Partitioners.DefaultPartitioner,
});
await producer.connect();
await producer.send({ topic, acks: -1, messages: [ownJson, cloudEvent] });
await producer.disconnect();
console.log(`sent 2 events of ${workspace} to ${topic}`);
