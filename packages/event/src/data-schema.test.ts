import { expect, test } from "vitest";
import { dataCheck } from "./data-schema.ts";

const check = (schema: string, data: string) => dataCheck(Buffer.from(schema))(Buffer.from(data));
const order = '{"type":"object","required":["id"],"properties":{"at":{"format":"date-time"}}}';

test.each([
  ["no schema", "", "1"],
  ["data that meets it", order, '{"id":1,"at":"2026-11-21T10:00:00Z"}'],
  ["tuples of 2020-12", '{"prefixItems":[{"type":"number"}]}', "[1]"],
  [
    "tuples of draft-07",
    '{"$schema":"http://json-schema.org/draft-07/schema#","items":[{"type":"number"}]}',
    '[1,"x"]',
  ],
])("takes %s", (_, schema, data) => {
  expect(check(schema, data)).toBeUndefined();
});

test.each([
  ["a member that is missing", order, "{}", "the data must have required property 'id'"],
  ["a format that is not met", order, '{"id":1,"at":"x"}', '/at must match format "date-time"'],
  ["tuples of 2020-12", '{"prefixItems":[{"type":"number"}]}', '["x"]', "/0 must be number"],
])("refuses %s and names the place", (_, schema, data, problem) => {
  expect(check(schema, data)).toBe(`does not meet the schema of its event type: ${problem}`);
});

test("breaks at its first use when the schema refers elsewhere", () => {
  const later = dataCheck(Buffer.from('{"$ref":"https://example.com/schema.json"}'));
  expect(() => later(Buffer.from("1"))).toThrow("can't resolve reference");
});
