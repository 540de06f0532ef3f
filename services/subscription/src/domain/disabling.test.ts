import { expect, test } from "vitest";
import { isStillToDisable } from "./disabling.ts";

test.each([
  { state: "ACTIVE" as const, targetVersion: 3n, seen: 5n, disables: true },
  { state: "ACTIVE" as const, targetVersion: 5n, seen: 5n, disables: true },
  { state: "ACTIVE" as const, targetVersion: 6n, seen: 5n, disables: false },
  { state: "PAUSED" as const, targetVersion: 3n, seen: 5n, disables: false },
  { state: "DISABLED" as const, targetVersion: 3n, seen: 5n, disables: false },
])("$state since $targetVersion, seen at $seen: $disables", ({ disables, seen, ...webhook }) => {
  expect(isStillToDisable(webhook, seen)).toBe(disables);
});
