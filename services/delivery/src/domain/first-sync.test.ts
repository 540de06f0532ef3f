import { expect, it } from "vitest";
import { isInFirstSync } from "./first-sync.ts";

const end = new Date("2026-11-21T10:00:00.500Z");
const ends = new Map([
  ["conn_running", undefined],
  ["conn_ended", end],
]);
const sent = ["connection.*", "error.created"];

it.each([
  ["of no connection", { connectionId: undefined }, false],
  ["of a connection whose first sync runs", {}, true],
  ["of a connection that it knows nothing of", { connectionId: "conn_old" }, false],
  [
    "from before an end that it was accepted after",
    { connectionId: "conn_old", time: "2026-11-21T09:00:00Z", firstSyncEndedAt: end },
    true,
  ],
  [
    "from after an end that it was accepted after",
    { connectionId: "conn_old", firstSyncEndedAt: end },
    false,
  ],
  ["from before the end", { connectionId: "conn_ended", time: "2026-11-21T10:00:00.499Z" }, true],
  [
    "from just before the end",
    { connectionId: "conn_ended", time: "2026-11-21T10:00:00.499999999Z" },
    true,
  ],
  [
    "from the end's moment",
    { connectionId: "conn_ended", time: "2026-11-21T10:00:00.500Z" },
    false,
  ],
  [
    "from before the end in another zone",
    { connectionId: "conn_ended", time: "2026-11-21T11:00:00+01:00" },
    true,
  ],
  ["of a type that is sent", { type: "error.created" }, false],
  ["of a pattern that is sent", { type: "connection.created" }, false],
  ["of a type beside the pattern", { type: "connection-error.created" }, true],
])("an event %s: %j is withheld: %s", (_, changes, expected) => {
  const event = {
    type: "order.created",
    time: "2026-11-21T12:00:00Z",
    connectionId: "conn_running",
    ...changes,
  };
  expect(isInFirstSync(event, ends, sent)).toBe(expected);
  expect(isInFirstSync(event, ends, [])).toBe(false);
});
