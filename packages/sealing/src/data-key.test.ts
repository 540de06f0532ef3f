import { expect, test } from "vitest";
import { newDataKey, unwrapDataKey } from "./data-key.ts";
import { masterKey, newMasterKey } from "./master-key.ts";
import { open, seal } from "./seal.ts";

function setup(version?: number) {
  const master = masterKey(newMasterKey());
  return { master, ...newDataKey(master, version) };
}

test("an unwrapped key opens what the new one sealed", () => {
  const { master, dataKey, wrapped } = setup(3);
  const sealed = seal(dataKey, Buffer.from("hello"), "secret:wh_1");
  const again = unwrapDataKey(master, wrapped);
  expect(again.version).toBe(3);
  expect(Buffer.from(open(again, sealed, "secret:wh_1")).toString()).toBe("hello");
});

test("the wrapped form does not hold the key", () => {
  const { dataKey, wrapped } = setup();
  expect(Buffer.from(wrapped).includes(dataKey.key.export())).toBe(false);
});

test("another master key is told from damage", () => {
  const { wrapped } = setup();
  const other = masterKey(newMasterKey());
  expect(() => unwrapDataKey(other, wrapped)).toThrow("wrapped with another master key");
});

test("every changed byte is noticed", () => {
  const { master, wrapped } = setup();
  for (const at of wrapped.keys()) {
    const changed = wrapped.map((byte, index) => (index === at ? byte ^ 1 : byte));
    expect(() => unwrapDataKey(master, changed)).toThrow(/format|another master|damaged/);
  }
});

test("every cut is noticed", () => {
  const { master, wrapped } = setup();
  for (const length of wrapped.keys()) {
    expect(() => unwrapDataKey(master, wrapped.subarray(0, length))).toThrow();
  }
});

test.each([0, 256, 1.5])("refuses version %d", (version) => {
  expect(() => setup(version)).toThrow("1 to 255");
});
