import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { previousAttributes } from "./index.ts";

const bytesMax = 262_144;

function previous(before: string, after: string): string | undefined {
  return previousAttributes(Buffer.from(before), Buffer.from(after), bytesMax)?.toString();
}

describe("previousAttributes", () => {
  it.each([
    ["nothing", '{"a":1}', '{"a":1}', "{}"],
    ["only white space and order", '{"a":1,"b":[1, 2]}', '{ "b":[1,2],"a":1 }', "{}"],
    ["a member", '{"status":"open"}', '{"status":"received"}', '{"status":"open"}'],
    [
      "a member of an element",
      '{"items":[{"n":1},{"n":1}]}',
      '{"items":[{"n":1},{"n":2}]}',
      '{"items.1.n":1}',
    ],
    ["a nested member", '{"a":{"b":{"c":true}}}', '{"a":{"b":{"c":false}}}', '{"a.b.c":true}'],
    ["an element", '{"a":[1,2]}', '{"a":[1,3]}', '{"a.1":2}'],
    ["an element of a nested array", '{"a":[[1],[2]]}', '{"a":[[1],[3]]}', '{"a.1.0":2}'],
    ["an added member", "{}", '{"a":{"b":1}}', '{"a":null}'],
    ["an added nested member", '{"a":{}}', '{"a":{"b":1}}', '{"a.b":null}'],
    ["an added element", '{"a":[1]}', '{"a":[1,2]}', '{"a.1":null}'],
    ["an added null", "{}", '{"a":null}', '{"a":null}'],
    ["a removed member", '{"a":{"b":[1]}}', '{"a":{}}', '{"a.b":[1]}'],
    ["a removed null", '{"a":null}', "{}", '{"a":null}'],
    ["removed elements", '{"a":[1,2,3]}', '{"a":[1]}', '{"a.1":2,"a.2":3}'],
    ["an element taken from the front", '{"a":[1,2]}', '{"a":[2]}', '{"a.0":1,"a.1":2}'],
    ["an object that became a text", '{"a":{"b":1,"c":2}}', '{"a":"x"}', '{"a":{"b":1,"c":2}}'],
    ["an object that became an array", '{"a":{"0":1}}', '{"a":[1]}', '{"a":{"0":1}}'],
    ["an array that became null", '{"a":[1,2]}', '{"a":null}', '{"a":[1,2]}'],
    ["a null that became an object", '{"a":null}', '{"a":{"b":1}}', '{"a":null}'],
    ["a number that became a text", '{"a":1}', '{"a":"1"}', '{"a":1}'],
    ["a member called as an index", '{"a":{"0":1}}', '{"a":{"0":2}}', '{"a.0":1}'],
    ["a name with a quote", '{"a\\"b":1}', '{"a\\"b":2}', '{"a\\"b":1}'],
    ["a name beyond ASCII", '{"größe":{"é":1}}', '{"größe":{"é":2}}', '{"größe.é":1}'],
    [
      "a name of object members",
      '{"__proto__":{"a":1}}',
      '{"__proto__":{"a":2}}',
      '{"__proto__.a":1}',
    ],
    ["an empty name inside", '{"a":{"":1}}', '{"a":{"":2}}', '{"a.":1}'],
    ["the document's type", '{"a":1}', "[1]", '{"":{"a":1}}'],
    ["an empty name outside", '{"":1,"a":1}', '{"":2,"a":1}', '{"":{"":1,"a":1}}'],
    [
      "several, in the old order and then the new",
      '{"b":1,"a":1,"c":1}',
      '{"d":2,"a":2,"b":2,"c":1}',
      '{"b":1,"a":1,"d":null}',
    ],
  ])("gives the old values where %s changed", (_, before, after, expected) => {
    expect(previous(before, after)).toBe(expected);
  });

  it.each([
    ["changed", '{"a":{"x.y":1,"z":1}}', '{"a":{"x.y":2,"z":2}}', '{"a":{"x.y":1,"z":1}}'],
    ["was added", '{"a":{"z":1}}', '{"a":{"z":1,"x.y":2}}', '{"a":{"z":1}}'],
    ["was removed", '{"a":{"x.y":1}}', '{"a":{}}', '{"a":{"x.y":1}}'],
    [
      "changed inside",
      '{"a":{"x.y":{"q":[1]}}}',
      '{"a":{"x.y":{"q":[2]}}}',
      '{"a":{"x.y":{"q":[1]}}}',
    ],
    ["changed in an element", '{"a":[{"x.y":1}]}', '{"a":[{"x.y":2}]}', '{"a.0":{"x.y":1}}'],
    ["changed in the document", '{"x.y":1,"z":1}', '{"x.y":2,"z":1}', '{"":{"x.y":1,"z":1}}'],
    [
      "changed inside another",
      '{"a":{"p.q":{"x.y":1}},"b":1}',
      '{"a":{"p.q":{"x.y":2}},"b":2}',
      '{"a":{"p.q":{"x.y":1}},"b":1}',
    ],
    ["stayed", '{"x.y":1,"a":1}', '{"x.y":1,"a":2}', '{"a":1}'],
    [
      "is spelt with an escape",
      '{"a":{"x\\u002ey":1}}',
      '{"a":{"x.y":2}}',
      '{"a":{"x\\u002ey":1}}',
    ],
  ])("gives an object whole where a name with a dot %s", (_, before, after, expected) => {
    expect(previous(before, after)).toBe(expected);
  });

  it.each([
    ["a number of 30 digits", "123456789012345678901234567890", "1"],
    ["a number's form", "1.10e+2", "111"],
    ["a text's escapes", '"\\u0061\\/"', '"b"'],
    ["an object's white space and order", '{ "z" : 1,\n"a":[ ] }', "0"],
  ])("keeps %s byte by byte", (_, before, after) => {
    expect(previous(`{"a": ${before} }`, `{"a":${after}}`)).toBe(`{"a":${before}}`);
  });

  it.each([
    ["1", "1.0", true],
    ["100", "1e2", true],
    ["0.05", "5E-2", true],
    ["-0", "0", true],
    ["0.000", "0e9", true],
    ["1", "-1", false],
    ["123456789012345678901234567890", "123456789012345678901234567891", false],
    ["123456789012345678901234567890", "12345678901234567890123456789e1", true],
    ["1e1000000000000000", "10e999999999999999", false],
    ['"a"', '"\\u0061"', true],
    ['"a/b"', '"a\\/b"', true],
    ['"1"', '"1.0"', false],
    ["true", "false", false],
  ])("takes %s and %s for one value: %s", (before, after, isSame) => {
    expect(previous(`{"a":${before}}`, `{"a":${after}}`) === "{}").toBe(isSame);
  });

  it("gives up where paths would outgrow the limit", () => {
    const name = "n".repeat(100_000);
    const list = (value: number) => `{"${name}":[${Array(50_000).fill(value).join()}]}`;
    expect(previous(list(1), list(2))).toBeUndefined();
    const one = Buffer.from('{"a":1}');
    const other = Buffer.from('{"a":2}');
    expect(previousAttributes(one, other, 7)?.toString()).toBe('{"a":1}');
    expect(previousAttributes(one, other, 6)).toBeUndefined();
  });

  it("leads from the new document back to the old one, whatever they are", () => {
    const name = fc.constantFrom("a", "b", "c", "0");
    const { object } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(1, 2, "1", "", null, true),
        fc.array(tie("value"), { maxLength: 3 }),
        tie("object"),
      ),
      object: fc.dictionary(name, tie("value"), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(object, object, (before, after) => {
        const old = previous(JSON.stringify(before), JSON.stringify(after)) ?? "";
        const changes = Object.entries(JSON.parse(old) as Record<string, unknown>);
        for (const [path, value] of changes) {
          const there = at(before, path.split("."));
          expect(there === undefined ? null : there).toEqual(value);
          expect(at(after, path.split("."))).not.toEqual(there);
        }
        expect(changes.length === 0).toBe(
          JSON.stringify(sorted(before)) === JSON.stringify(sorted(after)),
        );
      }),
    );
  });
});

function at(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined || value === undefined) return value;
  return at(Object.entries(value ?? {}).find(([name]) => name === first)?.[1], rest);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  // Not a list itself, so that `{}` is not `[]`.
  return { members: entries.map(([name, item]) => [name, sorted(item)]) };
}
