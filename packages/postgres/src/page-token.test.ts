import { fail } from "node:assert";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pageTokens } from "./page-token.ts";

const tokens = pageTokens(new Uint8Array(32).fill(7));
const scope = JSON.stringify(["ws_a", { state: "FAILED" }]);
const token = tokens.encode({ scope, position: ["2026-01-01T00:00:00Z", "evt_1"] });

function flipBit(text: string, bit: number): string {
  const bytes = Buffer.from(text);
  bytes[bit >> 3] = (bytes[bit >> 3] ?? fail("no such bit")) ^ (1 << (bit & 7));
  return bytes.toString("latin1");
}

test("gives every position back, whatever is in it", () => {
  const texts = fc.array(fc.string({ unit: "binary", maxLength: 30 }), { maxLength: 4 });
  fc.assert(
    fc.property(fc.string(), texts, (anyScope, position) => {
      const made = tokens.encode({ scope: anyScope, position });
      expect(made).toMatch(/^[A-Za-z0-9_-]+$/);
      expect(tokens.decode(made, anyScope)).toEqual(position);
    }),
  );
});

describe("refuses as invalid", () => {
  test.each([
    ["an empty token", "", scope],
    ["text of somebody's own", "page2", scope],
    ["a truncated token", token.slice(0, -1), scope],
    ["a token cut to its MAC", token.slice(0, 22), scope],
    ["a longer token", `${token}A`, scope],
    ["padding", `${token}=`, scope],
    ["foreign characters", `${token.slice(0, 10)} ${token.slice(10)}`, scope],
    ["megabytes", "A".repeat(5_000_000), scope],
    ["another tenant", token, JSON.stringify(["ws_b", { state: "FAILED" }])],
    ["another filter", token, JSON.stringify(["ws_a", { state: "SUCCEEDED" }])],
    ["no scope", token, ""],
  ])("%s", (_, bad, badScope) => {
    expect(() => tokens.decode(bad, badScope)).toThrow(
      expect.objectContaining({
        reason: "invalid",
        fields: [expect.objectContaining({ field: "pageToken" })],
      }),
    );
  });

  test("a token with any one bit flipped", () => {
    for (let bit = 0; bit < token.length * 8; bit++) {
      expect(() => tokens.decode(flipBit(token, bit), scope)).toThrow("pageToken");
    }
  });

  test("a token of another key", () => {
    const others = pageTokens(new Uint8Array(32).fill(8));
    expect(() => others.decode(token, scope)).toThrow("pageToken");
  });

  test("a token whose scope and position were shifted against each other", () => {
    const made = tokens.encode({ scope: "ab", position: ["c"] });
    const payload = Buffer.from(made, "base64url").subarray(16).toString();
    expect(() => tokens.decode(made, `ab${payload}`)).toThrow("pageToken");
  });
});

test("a key below 32 bytes is a defect", () => {
  expect(() => pageTokens(new Uint8Array(31))).toThrow("32 bytes");
});

test("a position that makes a token too long for a request is a defect", () => {
  expect(() => tokens.encode({ scope, position: ["x".repeat(1_000)] })).toThrow("too long");
});
