import { expect, test } from "vitest";
import { bareEventType, type EventTypeDraft } from "./event-type.ts";
import { bareProvider } from "./provider.ts";
import { providerChanges } from "./provider-changes.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function eventType(name: string, schema = ""): EventTypeDraft {
  return { ...bareEventType(name), schema: bytes(schema) };
}

const settings = { ...bareProvider("acme"), displayName: "Acme", retryDelaysMs: [1] };
const file = { settings, eventTypes: [eventType("a"), eventType("b")] };

test.each([
  {
    case: "all that a new provider's file says",
    stored: undefined,
    names: ["name", "displayName", "retryPolicy", "eventTypes.a", "eventTypes.b"],
  },
  { case: "nothing when all is the same", stored: file, names: [] },
  {
    case: "a setting that differs",
    stored: { ...file, settings: { ...settings, userAgent: "x" } },
    names: ["userAgent"],
  },
  {
    case: "an event type that is new",
    stored: { ...file, eventTypes: [eventType("b")] },
    names: ["eventTypes.a"],
  },
  {
    case: "an event type whose schema has other bytes",
    stored: { ...file, eventTypes: [eventType("a", "{}"), eventType("b")] },
    names: ["eventTypes.a"],
  },
  {
    case: "nothing for an event type that the file leaves out",
    stored: { ...file, eventTypes: [...file.eventTypes, eventType("c")] },
    names: [],
  },
])("names $case", ({ stored, names }) => {
  expect(providerChanges(file, stored).names).toEqual(names);
});
