import type { DescField, JsonValue } from "@bufbuild/protobuf";

const id = {
  apiKey: "key_01kc2v3m5sf0z9q1w7e4h8n2cv",
  attempt: "att_01kc2va0y6e8x9r3t5n1b7m4qd",
  connection: "conn_01kc2v5b9wf7t2m6r0x4k8g3ya",
  deadLetter: "dead_01kc2v8c1xf6n3s9d5y2p7q4ht",
  delivery: "dlv_01kc2v9zq3f4v8w6h2k5c0j7sa",
  event: "evt_01kc2v9zkne2d4t7r8g6p1y3xb",
  replay: "rpl_01kc2vb4t9e7m3k6x0d5j8q1wz",
  webhook: "wh_01kc2v6d8rf5a1n4y7t0c3h9ke",
  workspace: "ws_01kc2v2h7pe3g6b9s4m8x1z5dq",
};

const order = { orderId: "ord_456", status: "FULFILLED" };
const eventType = "order.status.changed";
const url = "https://example.com/webhooks";
const responseHeaders = { "content-type": "text/plain" };

/** The examples of fields by `Message.field`, or else by `field`, in lowerCamelCase. */
const examples: ReadonlyMap<string, JsonValue> = new Map(
  Object.entries({
    "ApiKey.hint": "ph_7Kd2",
    "ApiKey.id": id.apiKey,
    "ApiKey.workspace": id.workspace,
    "Attempt.id": id.attempt,
    "Attempt.requestHeaders": { "content-type": "application/json", "webhook-id": id.event },
    "Attempt.verdict": "Answered with 204 on the first attempt.",
    "CreateApiKeyRequest.workspace": "acme",
    "DeadLetter.id": id.deadLetter,
    "DeadLetter.message": "type: is not in the catalog",
    "DeadLetter.reason": "INVALID",
    "DeadLetter.topic": "posthorn.ingest.v1",
    "DeleteEventTypeRequest.name": eventType,
    "Delivery.failureCount": 0,
    "Delivery.id": id.delivery,
    "Delivery.state": "SUCCEEDED",
    "DeliveryFilter.state": "EXHAUSTED",
    "DeliveryFilter.statusCode": 500,
    "DryRunRequest.body": '{"type":"order.status.changed","data":{"orderId":"ord_456"}}',
    "DryRunRequest.headers": { "content-type": "application/json" },
    "DryRunRequest.method": "POST",
    "EnvelopeField.name": "kind",
    "EnvelopeField.source": "EVENT_TYPE",
    "Event.id": id.event,
    "EventType.description": "The status of an order changed.",
    "EventType.example": order,
    "EventType.group": "Orders",
    "EventType.label": "Order status changed",
    "EventType.name": eventType,
    "EventType.schema": { type: "object", required: ["orderId"] },
    "Execution.id": id.attempt,
    "GetEventTypeRequest.name": eventType,
    "Provider.displayName": "Demo",
    "Provider.keyPrefix": "ph_",
    "Provider.name": "demo",
    "Replay.canceledCount": 0,
    "Replay.failedCount": 0,
    "Replay.id": id.replay,
    "Replay.state": "COMPLETED",
    "ResendDeliveriesRequest.statusCode": 500,
    "Response.body": "ok",
    "Response.headers": responseHeaders,
    "TestUp42WebhookRequest.event": "order.status",
    "Up42Event.description": "The status of an order changed.",
    "Up42Event.name": "order.status",
    "Up42Test.event": "order.status",
    "Up42Test.succeeded": true,
    "Up42TestReport.testsFailed": 0,
    "UpdateUp42WebhookRequest.events": ["order.status"],
    "Webhook.description": "Tells the warehouse.",
    "Webhook.hasSecret": true,
    "Webhook.timeout": "15s",
    "Workspace.displayName": "Acme",
    "Workspace.id": id.workspace,
    alias: "acme",
    apiKey: id.apiKey,
    changes: "userAgent",
    connection: id.connection,
    consecutiveFailures: 0,
    data: order,
    delays: "5s",
    delivery: id.delivery,
    event: id.event,
    eventId: id.event,
    eventType,
    eventTypes: eventType,
    events: "order.status",
    id: id.webhook,
    inFlightMax: 10,
    kind: eventType,
    matchedBy: eventType,
    metadata: { team: "warehouse" },
    name: "My webhook",
    nextPageToken: "",
    on: eventType,
    perSecond: 10,
    provider: "demo",
    remoteAddress: "192.0.2.7",
    replay: id.replay,
    responseBody: "ok",
    responseHeaders,
    scopes: "webhooks",
    secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    skippedCount: 0,
    status: "active",
    statusCode: 204,
    type: eventType,
    url,
    userAgent: "Demo-Webhooks/1.0",
    webhook: id.webhook,
    webhookId: id.webhook,
    webhooksPerWorkspaceMax: 50,
    workspace: "acme",
    workspaceId: "acme",
  }),
);

/** What Posthorn itself sets, or what only some providers let callers set. */
const answersOnly: ReadonlySet<string> = new Set([
  "ApiKey.id",
  "Event.id",
  "Event.connection",
  "UpdateUp42WebhookRequest.id",
  "Webhook.consecutiveFailures",
  "Webhook.hasSecret",
  "Webhook.id",
  "Webhook.secret",
  "Workspace.id",
]);

/** What would say against the other fields of its example. */
const never: ReadonlySet<string> = new Set([
  "Attempt.waits",
  "Breaker.until",
  "Delivery.nextAttemptTime",
  "Delivery.waitingFor",
  "Event.deliverTime",
  "Event.skipped",
  "Webhook.disabledReason",
  "Webhook.lastFailureTime",
]);

/** Tells whether examples leave a field out. */
export function isLeftOut(field: DescField, use: "request" | "answer"): boolean {
  const name = `${field.parent.name}.${field.jsonName}`;
  return never.has(name) || (use === "request" && answersOnly.has(name));
}

/**
 * Gives the example of a field's value, one item of a list; undefined for none. Those by the bare
 * name are texts: a message of that name is made up of its fields'.
 */
export function exampleOf(field: DescField): JsonValue | undefined {
  const { jsonName, parent } = field;
  const own = examples.get(`${parent.name}.${jsonName}`);
  const message = "message" in field ? field.message : undefined;
  const isOurs = message !== undefined && !message.typeName.startsWith("google.protobuf.");
  return own !== undefined || isOurs ? own : examples.get(jsonName);
}
