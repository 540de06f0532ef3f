import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hashKey, isWellFormedKey, newApiKey } from "./api-key.ts";

describe("an API key", () => {
  test("is its prefix and 28 characters that differ every time", () => {
    const made = Array.from({ length: 100 }, () => newApiKey("api-"));
    expect(new Set(made).size).toBe(made.length);
    for (const key of made) expect(key).toMatch(/^api-[0-9A-Za-z]{28}$/);
  });

  test.each(["", "demo_", "api-", "ph_admin_", "x".repeat(64)])(
    "with prefix %j checks",
    (prefix) => {
      expect(isWellFormedKey(newApiKey(prefix))).toBe(true);
    },
  );

  test("checks for ever: keys that were given out once stay good", () => {
    expect(isWellFormedKey("demo_0123456789ABCDEFGHIJKL1bA3af")).toBe(true);
  });

  test("with one character changed does not check", () => {
    const key = newApiKey("demo_");
    const changed = [...key].map((character, index) => {
      const other = character === "0" ? "1" : "0";
      return key.slice(0, index) + other + key.slice(index + 1);
    });
    expect(changed.filter(isWellFormedKey)).toEqual([]);
  });

  test.each([
    ["nothing", ""],
    ["a checksum alone", "000000"],
    ["blanks", `${newApiKey("demo_")} `],
    ["a megabyte", "0".repeat(1_000_000)],
    ["other letters", `ä${newApiKey("demo_")}`],
  ])("is not %s", (_name, text) => {
    expect(isWellFormedKey(text)).toBe(false);
  });

  test("is stored as its SHA-256", () => {
    const sha256 = createHash("sha256").update("demo_x").digest("hex");
    expect(Buffer.from(hashKey("demo_x")).toString("hex")).toBe(sha256);
  });
});
