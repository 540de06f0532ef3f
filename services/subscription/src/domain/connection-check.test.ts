import { expect, test } from "vitest";
import { connectionProblems } from "./connection-check.ts";
import type { ConnectionPolicy } from "./connection-policy.ts";
import { bareEventType } from "./event-type.ts";
import { bareProvider, type ProviderSettings } from "./provider.ts";

const eventTypes = [bareEventType("connection.created"), bareEventType("order.created")];
const spreading = [
  {
    version: "v1",
    fields: [
      { source: "DATA", spread: true },
      { name: "id", source: "EVENT_ID" },
    ],
  },
] as const;

const fieldsOf = (connections: ConnectionPolicy, settings: Partial<ProviderSettings> = {}) =>
  connectionProblems({
    settings: { ...bareProvider("acme"), ...settings, connections },
    eventTypes,
  }).map(({ field }) => field);

test.each<[string, ConnectionPolicy, Partial<ProviderSettings>]>([
  ["nothing but that they are needed", { required: true }, {}],
  [
    "an event that is sent during the first sync",
    { createdEventType: "connection.created", firstSyncEventTypes: ["connection.*"] },
    {},
  ],
  ["an event that is sent as all are", { createdEventType: "connection.created" }, {}],
  [
    "types that the first event makes",
    { createdEventType: "x", firstSyncEventTypes: ["x", "y"] },
    { unknownEventTypes: "CREATE" },
  ],
  [
    "data that stands beside the envelope's members",
    {
      createdEventType: "connection.created",
      eventData: [
        { name: "connection", source: "CONNECTION_ID" },
        { name: "of", source: "INTEGRATION_NAME" },
        { name: "what", source: "TEXT", text: "x" },
      ],
    },
    { envelopes: spreading },
  ],
  ["no event, whatever its data would be", { required: true }, { envelopes: spreading }],
])("takes %s", (_name, connections, settings) => {
  expect(fieldsOf(connections, settings)).toEqual([]);
});

test.each<[string, ConnectionPolicy, string]>([
  ["a type with no name", { createdEventType: "a..b" }, "createdEventType"],
  ["a type outside the catalog", { deletedEventType: "connection.deleted" }, "deletedEventType"],
  [
    "an event that the first sync suppresses",
    { createdEventType: "connection.created", firstSyncEventTypes: ["order.created"] },
    "createdEventType",
  ],
  ["an unknown exact type", { firstSyncEventTypes: ["order.*", "x"] }, "firstSyncEventTypes[1]"],
  [
    "a source that a connection has not",
    { eventData: [{ name: "a", source: "DATA" }] },
    "eventData[0].source",
  ],
  ["a member without a name", { eventData: [{ source: "TIME" }] }, "eventData[0].name"],
])("refuses %s", (_name, connections, field) => {
  expect(fieldsOf(connections)).toEqual([`connections.${field}`]);
});

test("refuses data with members that the envelope names", () => {
  const connections = { createdEventType: "connection.created" };
  expect(fieldsOf(connections, { envelopes: spreading })).toEqual(["connections.eventData"]);
});
