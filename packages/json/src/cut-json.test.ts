import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CutPlan, cutJson, scanAndCut, scanJson } from "./index.ts";

const limits = { depthMax: 20, keysMax: 100 };

function cut(source: string, plan: CutPlan): string[] {
  const bytes = Buffer.from(source);
  const spans = cutJson(bytes, plan);
  expect(scanAndCut(bytes, limits, plan)).toMatchObject({ problem: undefined, spans });
  return spans.map(({ label, start, end }) => `${label}=${bytes.subarray(start, end)}`);
}

const members = (entries: Record<string, CutPlan>): CutPlan => ({
  members: new Map(Object.entries(entries)),
});

describe("cutJson, and scanAndCut in one walk", () => {
  it("gives the exact source of a member, without white space around it", () => {
    const source = '{"type":"a", "data" : { "n":1.10e2,"b" : [ ],"\\u0061":"}" } ,"z":0}';
    expect(cut(source, members({ data: "data" }))).toEqual([
      'data={ "n":1.10e2,"b" : [ ],"\\u0061":"}" }',
    ]);
  });

  it.each(["1", "-1.5e3", "true", "null", '"x\\"}"', "[]", "{}", "[[1,[2]],{}]"])(
    "cuts the value %s",
    (value) => {
      expect(cut(`{"a":${value}}`, members({ a: "a" }))).toEqual([`a=${value}`]);
      expect(cut(` ${value}\n`, "all")).toEqual([`all=${value}`]);
    },
  );

  it("looks into arrays, objects and members of members, in the document's order", () => {
    const plan = members({ list: { each: members({ x: "x" }) }, map: { each: "entry" } });
    const source = '{"map":{"b":[1],"a":2},"list":[{"x":1},{"y":0},7,{"y":[],"x":{"x":3}}]}';
    expect(cut(source, plan)).toEqual(["entry=[1]", "entry=2", "x=1", 'x={"x":3}']);
  });

  it("knows a name by its text and not by its spelling", () => {
    expect(cut('{"d\\u0061ta":1}', members({ data: "data" }))).toEqual(["data=1"]);
  });

  it("follows a plan that contains itself", () => {
    const entries = new Map<string, CutPlan>([["value", "value"]]);
    entries.set("child", { members: entries });
    const source = '{"value":1,"child":{"child":{"value":3},"value":2}}';
    expect(cut(source, { members: entries })).toEqual(["value=1", "value=3", "value=2"]);
  });

  it("leaves out what has another shape than the plan says", () => {
    const plan = members({ a: members({ x: "x" }), b: { each: "b" } });
    expect(cut('{"a":[{"x":1}],"b":"text"}', plan)).toEqual([]);
    expect(cut("[1]", plan)).toEqual([]);
  });

  it("gives each member's value so that it parses to the same", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3), (value, indent) => {
        const bytes = Buffer.from(JSON.stringify(value, undefined, indent));
        const values = cutJson(bytes, { each: "v" }).map(({ start, end }) => {
          return JSON.parse(bytes.subarray(start, end).toString());
        });
        expect(values).toEqual(Object.values(JSON.parse(bytes.toString())));
      }),
    );
  });

  it("gives the same in one walk, whatever stands where", () => {
    const own = new Map<string, CutPlan>([["a", "a"]]);
    own.set("b", { members: own });
    own.set("c", { each: { members: own } });
    const keys = fc.constantFrom("a", "b", "c", "d");
    const { any } = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom(1, "]}", null, [], {}),
        fc.array(tie("any"), { maxLength: 4 }),
        fc.dictionary(keys, tie("any")),
      ),
    }));
    fc.assert(
      fc.property(any, fc.nat(2), fc.nat(400), (value, indent, cutAt) => {
        const bytes = Buffer.from(JSON.stringify(value, undefined, indent));
        for (const plan of [{ members: own }, { each: { members: own } }, "all"]) {
          const spans = cutJson(bytes, plan);
          expect(scanAndCut(bytes, limits, plan)).toMatchObject({ problem: undefined, spans });
          const torn = bytes.subarray(0, cutAt);
          expect(scanAndCut(torn, limits, plan).problem).toEqual(scanJson(torn, limits));
        }
      }),
    );
  });
});
