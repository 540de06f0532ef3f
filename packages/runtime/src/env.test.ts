import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ConfigError, type EnvReader, envReader } from "./env.ts";

const folder = mkdtempSync(join(tmpdir(), "posthorn-env-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const path = join(folder, `secret-${text.length}`);
  writeFileSync(path, text);
  return path;
}

function problemsOf(env: Record<string, string>, read: (reader: EnvReader) => unknown): unknown {
  const reader = envReader(env);
  read(reader);
  try {
    reader.check();
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : error;
  }
}

describe("envReader", () => {
  test("reads what is given", () => {
    const reader = envReader({ A: "a", B: "-7", C: "1", D: "x, y,,z", E: "s3cret", F: "" });
    expect(reader.text("A")).toBe("a");
    expect(reader.optionalText("A")).toBe("a");
    expect(reader.int("B", { min: -10, max: 10 })).toBe(-7);
    expect(reader.flag("C", { default: false })).toBe(true);
    expect(reader.list("D", { default: [] })).toEqual(["x", "y", "z"]);
    expect(reader.secret("E")).toBe("s3cret");
    expect(reader.optionalText("F")).toBeUndefined();
    reader.check();
  });

  test("gives defaults for what is absent or empty", () => {
    const reader = envReader({ A: "" });
    expect(reader.text("A", { default: "d" })).toBe("d");
    expect(reader.optionalText("B")).toBeUndefined();
    expect(reader.int("C", { default: 5, min: 1, max: 9 })).toBe(5);
    expect(reader.flag("D", { default: true })).toBe(true);
    expect(reader.list("E", { default: ["x"] })).toEqual(["x"]);
    expect(reader.secret("F", { optional: true })).toBeUndefined();
    reader.check();
  });

  test("reads a secret from the file that NAME_FILE names", () => {
    const reader = envReader({ KEY_FILE: fileWith("s3cret\n") });
    expect(reader.secret("KEY")).toBe("s3cret");
    reader.check();
  });

  test.each([
    ["a missing text", {}, (it: EnvReader) => it.text("A"), "A is required"],
    ["a missing secret", {}, (it: EnvReader) => it.secret("A"), "A or A_FILE is required"],
    [
      "a number in words",
      { A: "ten" },
      (it: EnvReader) => it.int("A", { min: 1, max: 9 }),
      "A must be a whole number from 1 to 9",
    ],
    [
      "a number with a fraction",
      { A: "1.5" },
      (it: EnvReader) => it.int("A", { min: 1, max: 9 }),
      "A must be a whole number from 1 to 9",
    ],
    [
      "a number that is too big",
      { A: "10" },
      (it: EnvReader) => it.int("A", { min: 1, max: 9 }),
      "A must be a whole number from 1 to 9",
    ],
    [
      "another word than 1 or 0",
      { A: "yes" },
      (it: EnvReader) => it.flag("A", { default: false }),
      "A must be 1 or 0",
    ],
    [
      "a secret given twice",
      { A: "s3cret", A_FILE: "/nowhere" },
      (it: EnvReader) => it.secret("A"),
      "A and A_FILE exclude each other",
    ],
    [
      "a secret's file that is not there",
      { A_FILE: join(folder, "nowhere") },
      (it: EnvReader) => it.secret("A", { optional: true }),
      "A_FILE names a file that cannot be read (ENOENT)",
    ],
    [
      "a secret's file that is empty",
      { A_FILE: fileWith(" \n") },
      (it: EnvReader) => it.secret("A"),
      "A_FILE names an empty file",
    ],
  ])("reports %s", (_name, env, read, problem) => {
    expect(problemsOf(env, read)).toEqual([problem]);
  });

  test("reports everything at once", () => {
    const problems = problemsOf({ B: "x" }, (reader) => {
      reader.text("A");
      reader.int("B", { min: 0, max: 1 });
      reader.problem("C and D exclude each other");
    });
    expect(problems).toEqual([
      "A is required",
      "B must be a whole number from 0 to 1",
      "C and D exclude each other",
    ]);
  });
});
