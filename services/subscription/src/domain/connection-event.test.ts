import { expect, test } from "vitest";
import { connectionEvent } from "./connection-event.ts";
import type { ConnectionPolicy } from "./connection-policy.ts";

const connection = { id: "conn_1", integrationName: "shopify" };
const occurredAt = new Date("2026-11-21T10:00:00.5Z");

const policy: ConnectionPolicy = {
  createdEventType: "connection.created",
  deletedEventType: "connection.deleted",
  syncCompletedEventType: "connection.synced",
};

test.each([
  ["CREATED", "connection.created"],
  ["DELETED", "connection.deleted"],
  ["SYNC_COMPLETED", "connection.synced"],
] as const)("%s is an event of type %s with three members", (kind, eventType) => {
  const event = connectionEvent(policy, connection, { kind, occurredAt });
  expect(event).toMatchObject({ eventType, connectionId: "conn_1", integrationName: "shopify" });
  expect(event?.data).toBe(
    '{"id":"conn_1","integration_name":"shopify","time":"2026-11-21T10:00:00.500Z"}',
  );
});

test("has the members that the provider names, in its order", () => {
  const eventData = [
    { name: "object", source: "TEXT", text: 'a "connection"' },
    { name: "at", source: "TIME" },
    { name: "connection", source: "CONNECTION_ID" },
  ] as const;
  const event = connectionEvent({ ...policy, eventData }, connection, {
    kind: "CREATED",
    occurredAt,
  });
  expect(event?.data).toBe(
    '{"object":"a \\"connection\\"","at":"2026-11-21T10:00:00.500Z","connection":"conn_1"}',
  );
});

test.each([
  ["no policy", undefined],
  ["no types", {}],
  ["an empty type", { createdEventType: "" }],
])("is none where the provider has %s", (_, none) => {
  expect(connectionEvent(none, connection, { kind: "CREATED", occurredAt })).toBeUndefined();
});
