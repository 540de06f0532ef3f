import { expect, it } from "vitest";
import { shownState } from "./delivery.ts";

const pending = { state: "PENDING", stateReason: "" } as const;

it.each([
  ["pending, webhook on", pending, "ACTIVE", { state: "PENDING", reason: "" }],
  ["pending, paused", pending, "PAUSED", { state: "HELD", reason: "WEBHOOK_PAUSED" }],
  ["pending, disabled", pending, "DISABLED", { state: "HELD", reason: "WEBHOOK_DISABLED" }],
  ["pending, gone", pending, undefined, { state: "CANCELED", reason: "WEBHOOK_DELETED" }],
  [
    "what has ended stays",
    { state: "SUCCEEDED", stateReason: "" },
    undefined,
    { state: "SUCCEEDED", reason: "" },
  ],
] as const)("%s", (_name, delivery, webhook, expected) => {
  expect(shownState(delivery, webhook)).toEqual(expected);
});
