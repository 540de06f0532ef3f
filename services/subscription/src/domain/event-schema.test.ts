import { expect, test } from "vitest";
import { schemaProblems } from "./event-schema.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const draft07 = "http://json-schema.org/draft-07/schema#";
const draft2020 = "https://json-schema.org/draft/2020-12/schema";
const properties = (count: number) =>
  `{"properties":{${Array.from({ length: count }, (_, n) => `"p${n}":{"type":"null"}`)}}}`;
const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

test.each([
  { case: "nothing at all", schema: "", example: "" },
  { case: "an example without a schema", schema: "", example: '{"a":1}' },
  { case: "a schema without an example", schema: '{"type":"object"}', example: "" },
  { case: "an example that meets the schema", schema: '{"type":"object"}', example: "{}" },
  { case: "a boolean schema", schema: "true", example: "1" },
  { case: "draft-07 by name", schema: `{"$schema":"${draft07}","type":"string"}`, example: '"x"' },
  { case: "2020-12 by name", schema: `{"$schema":"${draft2020}","type":"null"}`, example: "null" },
  {
    case: "a $ref within the schema",
    schema: '{"$defs":{"a":{"type":"string"}},"$ref":"#/$defs/a"}',
    example: '"x"',
  },
  {
    case: "a keyword of 2020-12",
    schema: '{"prefixItems":[{"type":"string"}]}',
    example: '["x",1]',
  },
  { case: "a keyword that nobody knows", schema: '{"x-ours":1}', example: "{}" },
  { case: "a format", schema: '{"format":"date-time"}', example: '"2026-01-01T00:00:00Z"' },
  { case: "an example 64 deep", schema: "", example: deep(64) },
])("takes $case", ({ schema, example }) => {
  expect(schemaProblems({ schema: bytes(schema), example: bytes(example) }, "eventType")).toEqual(
    [],
  );
});

test.each([
  { case: "what is no JSON", schema: "{", example: "", field: "schema" },
  { case: "a key given twice", schema: '{"a":1,"a":2}', example: "", field: "schema" },
  { case: "a number", schema: "1", example: "", field: "schema" },
  { case: "a list", schema: "[]", example: "", field: "schema" },
  { case: "null", schema: "null", example: "", field: "schema" },
  { case: "an unknown type", schema: '{"type":"strin"}', example: "", field: "schema" },
  { case: "a pattern that is none", schema: '{"pattern":"("}', example: "", field: "schema" },
  {
    case: "a remote $ref",
    schema: '{"$ref":"https://example.com/a.json"}',
    example: "",
    field: "schema",
  },
  {
    case: "a $ref to a file",
    schema: '{"$ref":"file:///etc/passwd"}',
    example: "",
    field: "schema",
  },
  { case: "a $ref that leads nowhere", schema: '{"$ref":"#/x"}', example: "", field: "schema" },
  { case: "an unknown draft", schema: '{"$schema":"urn:x"}', example: "", field: "schema" },
  { case: "a $schema that is no text", schema: '{"$schema":1}', example: "", field: "schema" },
  { case: "a schema that is too large", schema: properties(9_000), example: "", field: "schema" },
  { case: "an asynchronous schema", schema: '{"$async":true}', example: "{}", field: "schema" },
  { case: "an example that is no JSON", schema: "", example: "{'a':1}", field: "example" },
  { case: "an example 65 deep", schema: "", example: deep(65), field: "example" },
  {
    case: "an example that breaks the schema",
    schema: '{"required":["id"]}',
    example: "{}",
    field: "example",
  },
  {
    case: "an example that breaks a format",
    schema: '{"format":"date-time"}',
    example: '"yesterday"',
    field: "example",
  },
])("refuses $case", ({ schema, example, field }) => {
  const draft = { schema: bytes(schema), example: bytes(example) };
  expect(schemaProblems(draft, "eventTypes[2]")).toEqual([
    expect.objectContaining({ field: `eventTypes[2].${field}` }),
  ]);
});

test("lets no schema change what another means by its $id", () => {
  const claim = `{"$id":"${draft2020}","type":"string"}`;
  schemaProblems({ schema: bytes(claim), example: bytes("") }, "a");
  const problems = schemaProblems({ schema: bytes('{"type":7}'), example: bytes("") }, "b");
  expect(problems).toMatchObject([{ field: "b.schema" }]);
  expect(schemaProblems({ schema: bytes(claim), example: bytes('"x"') }, "c")).toEqual([]);
});
