import fc from "fast-check";
import { expect, test } from "vitest";
import { newDataKey } from "./data-key.ts";
import { masterKey, newMasterKey } from "./master-key.ts";
import { open, seal, sealOverheadBytes } from "./seal.ts";

const master = masterKey(newMasterKey());
const { dataKey } = newDataKey(master);
const context = "secret:wh_1";
const bytes = fc.uint8Array({ maxLength: 500 });

test("opens whatever it sealed", () => {
  fc.assert(
    fc.property(bytes, fc.string({ unit: "binary" }), (plaintext, anyContext) => {
      const sealed = seal(dataKey, plaintext, anyContext);
      expect(sealed.length).toBe(plaintext.length + sealOverheadBytes);
      expect(open(dataKey, sealed, anyContext)).toEqual(plaintext);
    }),
  );
});

test("notices any changed byte and any cut", () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (plaintext, place, change) => {
      const sealed = seal(dataKey, plaintext, context);
      const at = place % sealed.length;
      const changed = sealed.map((byte, index) => byte ^ (index === at ? change : 0));
      expect(() => open(dataKey, changed, context)).toThrow(/format|data key|does not open/);
      expect(() => open(dataKey, sealed.subarray(0, at), context)).toThrow();
    }),
  );
});

test("opens under no other context", () => {
  const sealed = seal(dataKey, Buffer.from("hello"), context);
  expect(() => open(dataKey, sealed, "secret:wh_2")).toThrow("another key or context");
  expect(() => open(dataKey, sealed, "headers:wh_1")).toThrow("another key or context");
});

test("opens with no other key, and says which version is wanted", () => {
  const sealed = seal(dataKey, Buffer.from("hello"), context);
  expect(() => open(newDataKey(master).dataKey, sealed, context)).toThrow("another key or context");
  expect(() => open(newDataKey(master, 2).dataKey, sealed, context)).toThrow(
    "needs data key 1, not 2",
  );
});

test("never gives the same bytes twice", () => {
  const plaintext = Buffer.from("hello");
  expect(seal(dataKey, plaintext, context)).not.toEqual(seal(dataKey, plaintext, context));
});
