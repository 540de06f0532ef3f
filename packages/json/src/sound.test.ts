import { expect, test } from "vitest";
import { noteSound, scanAndCut, scanJson } from "./index.ts";

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));

test.each([
  ["as noted", { depthMax: 3, keysMax: 9 }, undefined],
  ["wider ones", { depthMax: 4, keysMax: 10 }, undefined],
  ["a smaller depth", { depthMax: 2, keysMax: 9 }, "invalid_json"],
  ["fewer keys", { depthMax: 3, keysMax: 8 }, "invalid_json"],
])("bytes that were noted are not looked at again within limits %s", (_, limits, reason) => {
  const bytes = bytesOf("no JSON, so that a look shows");
  noteSound(bytes, { depthMax: 3, keysMax: 9 });
  expect(scanJson(bytes, limits)?.reason).toBe(reason);
});

test("other bytes with the same text are looked at", () => {
  const limits = { depthMax: 3, keysMax: 9 };
  noteSound(bytesOf("["), limits);
  expect(scanJson(bytesOf("["), limits)?.reason).toBe("invalid_json");
});

test.each([
  ["1", 0],
  ["[]", 1],
  ['{"a":[{}],"b":1}', 3],
  ["[[[]],[]]", 3],
])("the depth of %s is told", (text, depth) => {
  expect(scanAndCut(bytesOf(text), { depthMax: 9, keysMax: 9 }).depth).toBe(depth);
});
