import { inspect } from "node:util";
import { expect, test } from "vitest";
import { derive, masterKey, newMasterKey } from "./master-key.ts";

const text = Buffer.alloc(32, 7).toString("base64");

test("makes keys that it reads again", () => {
  const made = newMasterKey();
  expect(masterKey(made).kind).toBe("master");
  expect(newMasterKey()).not.toBe(made);
});

test("reads a key from a file that ends in a line break", () => {
  expect(derive(masterKey(`${text}\n`), "a")).toEqual(derive(masterKey(text), "a"));
});

test.each([
  ["nothing", ""],
  ["31 bytes", Buffer.alloc(31).toString("base64")],
  ["33 bytes", Buffer.alloc(33).toString("base64")],
  ["hex", "ab".repeat(32)],
  ["no padding", text.replace("=", "")],
  ["something else around it", `"${text}"`],
])("refuses %s and does not repeat it", (_name, bad) => {
  expect(() => masterKey(bad)).toThrow(/^master key must be base64 of 32 bytes$/);
});

test("derives the same bytes in every process and others for every purpose", () => {
  const master = masterKey(text);
  const hex = Buffer.from(derive(master, "page tokens")).toString("hex");
  expect(hex).toBe("aac688181bf10cdb62634cfbd05f6721aa7b9ed3db5d873e5f704c7247925879");
  expect(derive(master, "page tokens 2")).not.toEqual(derive(master, "page tokens"));
  expect(derive(masterKey(newMasterKey()), "a")).not.toEqual(derive(master, "a"));
});

test("shows nothing of itself in logs", () => {
  const master = masterKey(text);
  const shown = inspect(master, { depth: 9, showHidden: true }) + JSON.stringify(master);
  expect(shown).not.toContain("BwcH");
  expect(shown).not.toContain("0707");
});
