import { expect, test } from "vitest";
import { type Envelope, spreadOf, versionIn, wholeEnvelopes } from "./envelope.ts";

const spreading: Envelope = {
  version: "2026",
  fields: [
    { name: "id", source: "EVENT_ID" },
    { source: "DATA", spread: true },
    { name: "kind", source: "EVENT_TYPE" },
  ],
};

test("has one version with type, timestamp and data where a file names none", () => {
  const fields = [
    { name: "type", source: "EVENT_TYPE" },
    { name: "timestamp", source: "TIME" },
    { name: "data", source: "DATA" },
  ];
  expect(wholeEnvelopes([])).toEqual([{ version: "v1", fields }]);
  expect(wholeEnvelopes([{ version: "a" }])).toEqual([{ version: "a", fields }]);
  expect(wholeEnvelopes([spreading])).toEqual([spreading]);
});

test.each([
  { case: "the one that was chosen", chosen: "v1", version: "v1" },
  { case: "the last when none was", chosen: "", version: "2026" },
  { case: "the last when it is gone", chosen: "v0", version: "2026" },
])("gives $case", ({ chosen, version }) => {
  expect(versionIn([{ version: "v1" }, spreading], chosen)).toBe(version);
});

test.each([
  { case: "nothing of data in a member", envelopes: [], spread: [false, []] },
  { case: "no members beside", envelopes: [spreading], spread: [true, ["id", "kind"]] },
  {
    case: "only the members of envelopes that spread",
    envelopes: [{ version: "v1" }, spreading, { ...spreading, version: "2027" }],
    spread: [true, ["id", "kind"]],
  },
])("asks $case", ({ envelopes, spread: [isSpread, reservedMembers] }) => {
  expect(spreadOf(envelopes)).toEqual({ isSpread, reservedMembers });
});
