import { expect, test } from "vitest";
import { decideClaims, type KeyClaim } from "./key-claim.ts";

const body = (text: string) => Buffer.from(text.padEnd(32));
const claim = (key: string, text = "body", workspaceUuid = "w1"): KeyClaim => ({
  workspaceUuid,
  key,
  bodyHash: body(text),
  field: "event",
});
const holder = (key: string, text = "body") => ({ ...claim(key, text), eventUuid: `old-${key}` });

function decide(requests: KeyClaim[][], taken = [holder("taken")]) {
  let count = 0;
  const { outcomes, added } = decideClaims(requests, taken, () => `new-${++count}`);
  const told = outcomes.map((outcome) =>
    "error" in outcome
      ? outcome.error.reason
      : outcome.events.map(({ eventUuid, isRepeat }) => eventUuid + (isRepeat ? " again" : "")),
  );
  return { told, added: added.map(({ key, eventUuid }) => `${key} ${eventUuid}`) };
}

test("gives a free key a new event and a known one its own", () => {
  expect(decide([[claim("free")], [claim("taken")]])).toEqual({
    told: [["new-1"], ["old-taken again"]],
    added: ["free new-1"],
  });
});

test("refuses a known key with another body", () => {
  expect(decide([[claim("taken", "other")]])).toEqual({ told: ["conflict"], added: [] });
});

test("gives requests that come together with one key one event, if they say the same", () => {
  expect(decide([[claim("k")], [claim("k")], [claim("k", "other")]])).toEqual({
    told: [["new-1"], ["new-1 again"], "conflict"],
    added: ["k new-1"],
  });
});

test("leaves the keys of a refused batch free for those that come after it", () => {
  const batch = [claim("k"), claim("taken", "other")];
  expect(decide([batch, [claim("k", "another")]])).toEqual({
    told: ["conflict", ["new-2"]],
    added: ["k new-2"],
  });
});

test("refuses a batch that says two things under one key", () => {
  expect(decide([[claim("k"), claim("k", "other")]])).toEqual({ told: ["conflict"], added: [] });
});

test("keeps workspaces apart", () => {
  expect(decide([[claim("k", "a", "w1")], [claim("k", "b", "w2")]]).told).toEqual([
    ["new-1"],
    ["new-2"],
  ]);
});
