import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JsonLimits, scanJson } from "./index.ts";

const limits: JsonLimits = { depthMax: 64, keysMax: 10_000 };

function scan(source: string | Uint8Array, given: Partial<JsonLimits> = {}) {
  const bytes = typeof source === "string" ? Buffer.from(source) : source;
  return scanJson(bytes, { ...limits, ...given });
}

const sound = [
  "0",
  "-0",
  "-0.0e+10",
  "1E400",
  "123456789012345678901234567890",
  "true",
  "false",
  "null",
  '""',
  '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uFFFF"',
  '"\\ud83d\\ude00 😀 \u007f"',
  "[]",
  "{}",
  " \t\r\n[ ] \n",
  "[[],{},[{}],0]",
  '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}',
  '{"__proto__":1,"constructor":2,"prototype":3}',
  '{"b":1,"2":2,"1":3}',
  '{"":1," ":2}',
  '{ "a" : 1 , "b" : [ 1 , 2 ] }',
];

const unsound = [
  "",
  " ",
  '{"a":',
  '{"a"',
  '{"a',
  "{",
  "[",
  "[1",
  "[1,",
  "[1,]",
  '{"a":1,}',
  "[,1]",
  "[1 2]",
  '{"a" 1}',
  "{a:1}",
  "{'a':1}",
  "{1:1}",
  "// x\n1",
  "/* x */1",
  "1 // x",
  "NaN",
  "Infinity",
  "-Infinity",
  "-",
  "+1",
  "01",
  "-01",
  "1.",
  ".5",
  "1e",
  "1e+",
  "0x1",
  "tru",
  "trux",
  "nulll",
  "True",
  '"\t"',
  '"\u0000"',
  '"a\nb"',
  '"\\x41"',
  '"\\u12"',
  '"\\u12g4"',
  '"\\',
  '"a',
  "'a'",
  "1 1",
  "{}}",
  "[]]",
  "[}",
  "{]",
  '{"a":1]',
  "\u00a01",
  "\u2028",
  "\ufeff{}",
];

describe("scanJson", () => {
  it.each(sound)("takes %j", (source) => {
    expect(scan(source)).toBeUndefined();
  });

  it.each(unsound)("refuses %j as no JSON", (source) => {
    expect(scan(source)?.reason).toBe("invalid_json");
  });

  it.each([
    ["a raw byte FF", Buffer.from([0x22, 0xff, 0x22])],
    ["a coded surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["an overlong slash", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ["a character above U+10FFFF", Buffer.from([0x22, 0xf4, 0x90, 0x80, 0x80, 0x22])],
    ["a character cut short", Buffer.from([0x22, 0xe2, 0x82, 0x22])],
    ["UTF-16 with a byte order mark", Buffer.from("\ufeff{}", "utf16le")],
    ["a lone high surrogate", Buffer.from('"\\ud800"')],
    ["a lone low surrogate", Buffer.from('"\\udc00"')],
    ["a reversed pair", Buffer.from('"\\udc00\\ud800"')],
    ["a high surrogate before another escape", Buffer.from('"\\ud800\\n"')],
    ["a lone surrogate in a key", Buffer.from('{"\\ud800":1}')],
  ])("refuses %s as bad Unicode", (_, bytes) => {
    expect(scan(bytes)?.reason).toBe("invalid_unicode");
  });

  it("refuses UTF-16 without a byte order mark", () => {
    expect(scan(Buffer.from("{}", "utf16le"))?.reason).toBe("invalid_json");
  });

  it.each([
    ['{"a":1,"a":2}', "a"],
    ['{"a":1,"\\u0061":2}', "a"],
    ['{"\\u0061":1,"a":2}', "a"],
    ['{"x":[0,{"é":1,"\\u00e9":2}]}', 'x[1]["é"]'],
    ['{"\\ud83d\\ude00":1,"😀":2}', '["😀"]'],
    ['{"a\\/b":1,"a/b":2}', '["a/b"]'],
    ['{"__proto__":1,"__proto__":2}', "__proto__"],
    ['{"1":1,"b":2,"1":3}', '["1"]'],
  ])("finds the key that %s has twice", (source, path) => {
    expect(scan(source)).toMatchObject({ reason: "duplicate_key", path });
  });

  it("finds a duplicate among many keys, the first and the last of them", () => {
    const keys = Array.from({ length: 5_000 }, (_, index) => `"k${index}":0`);
    expect(scan(`{${keys.join()},"k0":1}`)).toMatchObject({ reason: "duplicate_key", path: "k0" });
    expect(scan(`{${keys.join()}}`)).toBeUndefined();
  });

  it("takes 10,000 keys in an object and refuses 10,001", () => {
    const object = (count: number) =>
      `{"in":{${Array.from({ length: count }, (_, index) => `"${index}":0`).join()}}}`;
    expect(scan(object(10_000))).toBeUndefined();
    expect(scan(object(10_001))).toMatchObject({ reason: "too_many_keys", path: 'in["10000"]' });
  });

  it("takes depth 64 and refuses depth 65", () => {
    const nested = (depth: number) => `${"[".repeat(depth - 1)}{}${"]".repeat(depth - 1)}`;
    expect(scan(nested(64))).toBeUndefined();
    expect(scan(nested(65))?.reason).toBe("too_deep");
  });

  it("costs no stack however deep a document is", () => {
    const depth = 1_000_000;
    const source = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(scan(source)?.reason).toBe("too_deep");
    expect(scan(source, { depthMax: depth })).toBeUndefined();
    expect(scan('{"a":'.repeat(depth))?.reason).toBe("too_deep");
  });

  it.each([
    ['{"a":{"b":[1,2,{"c":tru}]}}', "a.b[2].c", 23],
    ['{"a":1,"b":"\\ud800"}', "b", 12],
    ['{"a":1,"\\ud800":1}', "", 8],
    ["[1,2,", "[2]", 5],
    ['{"a":[{},{"x y":[nul]}]}', 'a[1]["x y"][0]', 20],
    ['{"a,]":{"}":"," x}}', '["a,]"]["}"]', 16],
  ])("names the place of the problem in %s", (source, path, offset) => {
    expect(scan(source)).toMatchObject({ path, offset });
  });

  it("keeps a document's values out of the message", () => {
    expect(scan('{"password":"hunter2" "x"}')?.message).toBe("not JSON at byte 22");
  });

  it("reads a view that does not begin at its buffer's start", () => {
    const bytes = Buffer.from('xx{"é":1,"\\u00e9":1}').subarray(2);
    expect(scan(new Uint8Array(bytes))?.reason).toBe("duplicate_key");
    expect(scan(bytes)?.reason).toBe("duplicate_key");
  });
});

describe("scanJson beside JSON.parse", () => {
  it("takes whatever JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.nat(4), (value, indent) => {
        expect(scan(JSON.stringify(value, undefined, indent))).toBeUndefined();
      }),
    );
  });

  it("takes no text that JSON.parse refuses, and refuses no syntax that it takes", () => {
    const alphabet = [...'{}[]",:\\ue-+.019aAntrlsf \n\u0001é😀', '"a":', "\\ud800", "true"];
    const texts = fc.array(fc.constantFrom(...alphabet), { maxLength: 12 });
    fc.assert(
      fc.property(texts, (parts) => {
        const source = parts.join("");
        const problem = scan(source);
        expect(problem?.reason === "invalid_json").toBe(!parses(source) && !isCutShort(problem));
      }),
      { numRuns: 20_000 },
    );
  });

  it("answers as JSON.parse after any one change of a sound text", () => {
    const change = fc.tuple(fc.jsonValue(), fc.nat(), fc.constantFrom(...'{}[]",:\\0-.eu a\u0001'));
    fc.assert(
      fc.property(change, ([value, position, character]) => {
        const text = [...JSON.stringify(value)];
        text[position % text.length] = character;
        const source = text.join("");
        const problem = scan(source);
        expect(problem?.reason === "invalid_json").toBe(!parses(source) && !isCutShort(problem));
      }),
      { numRuns: 5_000 },
    );
  });

  it("finds every key given twice, however it is spelt", () => {
    const spelling = fc.constantFrom("a", "b", "\\u0061", "\\u0062", "ab", "a\\u0062");
    fc.assert(
      fc.property(fc.array(spelling, { maxLength: 6 }), (keys) => {
        const texts = keys.map((key) => String(JSON.parse(`"${key}"`)));
        const source = `{${keys.map((key) => `"${key}":0`).join()}}`;
        expect(scan(source)?.reason).toBe(
          new Set(texts).size === texts.length ? undefined : "duplicate_key",
        );
      }),
    );
  });
});

function parses(source: string): boolean {
  try {
    JSON.parse(source);
    return true;
  } catch {
    return false;
  }
}

/** A scan ends at its first problem: behind bad Unicode or a key given twice nothing is read. */
function isCutShort(problem: ReturnType<typeof scan>): boolean {
  return problem !== undefined && problem.reason !== "invalid_json";
}
