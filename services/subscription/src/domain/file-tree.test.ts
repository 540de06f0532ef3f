import { AppError } from "@posthorn/errors";
import { expect, test } from "vitest";
import { readFileTree } from "./file-tree.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const yaml = (text: string) => ({ contentType: "application/yaml", data: bytes(text) });
const json = (text: string) => ({ contentType: "application/json", data: bytes(text) });
const textOf = (data: Uint8Array) => new TextDecoder().decode(data);

test("keeps the bytes of schemas and examples in a JSON file", () => {
  const schema = '{ "b":1.50,\n "a": 123456789012345678901234567890 }';
  const tree = readFileTree(json(`{"eventTypes":[{"name":"x"},{"schema" : ${schema} }]}`));
  expect(textOf(tree.jsonText("eventTypes[1].schema", {}))).toBe(schema);
});

test("writes schemas and examples of a YAML file as compact JSON, in their order", () => {
  const tree = readFileTree(yaml("eventTypes:\n  - example: { b: 1, a: [x, true, null] }\n"));
  const value = { b: 1, a: ["x", true, null] };
  expect(tree.value).toEqual({ eventTypes: [{ example: value }] });
  expect(textOf(tree.jsonText("eventTypes[0].example", value))).toBe('{"b":1,"a":["x",true,null]}');
});

test.each([
  { contentType: "application/yaml; charset=utf-8" },
  { contentType: "Application/X-YAML" },
  { contentType: "text/yaml" },
])("takes $contentType", ({ contentType }) => {
  expect(readFileTree({ contentType, data: bytes("a: 1") }).value).toEqual({ a: 1 });
});

test.each([
  { case: "a key given twice in YAML", body: yaml("a: 1\na: 2"), field: "file" },
  { case: "a tag in YAML", body: yaml("a: !x 1"), field: "file" },
  { case: "two documents", body: yaml("a: 1\n---\nb: 2"), field: "file" },
  { case: "YAML that is none", body: yaml("a: [1"), field: "file" },
  { case: "YAML nested without end", body: yaml("[".repeat(20_000)), field: "file" },
  { case: "an alias to itself", body: yaml("a: &a [*a]"), field: /^a(\[0\])+$/ },
  {
    case: "aliases that multiply",
    body: yaml(
      [1, 2, 3, 4, 5, 6, 7, 8]
        .map((n) => `a${n}: &a${n} [${n === 1 ? "1" : Array(9).fill(`*a${n - 1}`)}]`)
        .join("\n"),
    ),
    field: "file",
  },
  { case: "a number that YAML rounds", body: yaml("a: 12345678901234567890"), field: "a" },
  { case: "an infinity", body: yaml("a: { b: [.inf] }"), field: /^a\.b\[0\]$/ },
  { case: "a date", body: yaml("a: !!timestamp 2026-01-01"), field: "a" },
  { case: "JSON that is none", body: json('{"a":}'), field: "a" },
  { case: "a key given twice in JSON", body: json('{"a":1,"a":2}'), field: "a" },
  {
    case: "bytes that are no UTF-8",
    body: { contentType: "application/yaml", data: Uint8Array.of(0x61, 0x3a, 0x20, 0xff) },
    field: "file",
  },
  {
    case: "another content type",
    body: { contentType: "text/plain", data: bytes("a: 1") },
    field: "file.contentType",
  },
])("refuses $case", ({ body, field }) => {
  const act = () => readFileTree(body);
  expect(act).toThrow(AppError);
  expect(act).toThrow(
    expect.objectContaining({
      reason: "invalid",
      fields: [expect.objectContaining({ field: expect.stringMatching(field) })],
    }),
  );
});

test("refuses more than 4 MiB", () => {
  const body = { contentType: "application/json", data: new Uint8Array(4 * 1_024 * 1_024 + 1) };
  expect(() => readFileTree(body)).toThrow(expect.objectContaining({ reason: "too_large" }));
});
