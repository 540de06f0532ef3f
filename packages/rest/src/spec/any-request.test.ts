import fc from "fast-check";
import { expect, it } from "vitest";
import { testCall } from "../test-call.ts";
import { testSchema } from "../test-schema.ts";

const { service } = testSchema({
  enums: { Color: ["COLOR_UNSPECIFIED", "RED"] },
  messages: {
    Book: {
      id: "string",
      pages: "int32",
      large: "uint64",
      color: "enum Color",
      data: "raw",
      cover: "bytes",
      time: "google.protobuf.Timestamp",
      wait: "google.protobuf.Duration",
      mask: "google.protobuf.FieldMask",
      value: "google.protobuf.Value",
      any: "google.protobuf.Any",
      text: "google.protobuf.StringValue",
      tags: "repeated string",
      labels: "map string",
      by_name: "map Book",
      next: "Book",
      books: "repeated Book",
      first: "oneof string",
      second: "oneof Book",
    },
  },
  methods: {
    Get: { input: "Book", output: "Book", rule: { method: "GET", path: "/v1/{id}" } },
    Rest: { input: "Book", output: "Book", rule: { method: "GET", path: "/rest/{id=**}:verb" } },
    Post: { input: "Book", output: "Book", rule: { method: "POST", path: "/v1", body: "*" } },
    Put: {
      input: "Book",
      output: "Book",
      rule: { method: "PUT", path: "/v1/{pages}", body: "next", responseBody: "next" },
    },
    Send: {
      input: "Book",
      output: "Book",
      rule: { method: "POST", path: "/lines", body: "*" },
      clientStreaming: true,
      serverStreaming: true,
    },
  },
});

const echo = (request: unknown) => request;
async function* echoAll(requests: AsyncIterable<unknown>) {
  for await (const request of requests) yield request;
}
const defects: unknown[] = [];
const call = testCall(
  service,
  { get: echo, rest: echo, post: echo, put: echo, send: echoAll },
  { log: { error: (...line) => defects.push(line) } },
);

const name = fc.constantFrom(
  ...["id", "pages", "large", "color", "data", "cover", "time", "wait", "mask", "value", "any"],
  ...["text", "tags", "labels", "byName", "by_name", "next", "books", "first", "second", "no"],
  ...["@type", "__proto__", "seconds", "$typeName", "kind", ""],
);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom("", "null", "1", "-1", "1e9", "NaN", "{}", "[]", "[1]", '"x"', "1s", "RED"),
  fc.constantFrom("2026-01-31T12:00:00Z", "9999-12-31T23:59:60Z", "a,b.c", "%", "%ff", "%2F"),
  fc.constantFrom('{"@type":"type.googleapis.com/test.Book","id":1}', '{"@type":"x"}', "AAAA"),
);
const encoded = fc.tuple(text, fc.boolean()).map(([it, isRaw]) => {
  return isRaw ? it.replace(/[ ?#]/g, "") : encodeURIComponent(it.toWellFormed());
});
const names = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
const query = fc
  .array(fc.tuple(names, encoded), { maxLength: 3 })
  .map((pairs) => pairs.map(([key, value]) => `${key}=${value}`).join("&"));
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.jsonValue({ maxDepth: 1 }),
    text,
    fc.array(tie("json"), { maxLength: 2 }),
    fc.dictionary(name, tie("json"), { maxKeys: 4 }),
  ),
}));
const body = fc.oneof(
  json.map((it) => JSON.stringify(it)),
  fc.array(json, { maxLength: 3 }).map((it) => it.map((line) => JSON.stringify(line)).join("\n")),
  text,
);
const line = fc.oneof(
  fc.tuple(fc.constantFrom("GET /v1/", "HEAD /v1/", "DELETE /v1/"), encoded, query),
  fc.tuple(
    fc.constant("GET /rest/"),
    encoded.map((it) => `${it}:verb`),
    query,
  ),
  fc.tuple(fc.constantFrom("POST /v1", "PUT /v1/1", "POST /lines"), fc.constant(""), query),
  fc.tuple(fc.constant("GET "), encoded, query),
);

const unicode = fc.string({ unit: "grapheme", maxLength: 5 });
const time = fc
  .date({ min: new Date("0001-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z") })
  .filter((it) => Number.isFinite(it.getTime()))
  .map((it) => it.toISOString());
const anyRaw = fc.jsonValue({ maxDepth: 2 });

/** What fits the fields that can stand in a query, as JSON. */
const fitting = {
  id: unicode,
  pages: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  large: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  color: fc.constantFrom("RED", "COLOR_UNSPECIFIED", 1, 7),
  data: anyRaw,
  cover: fc.uint8Array({ maxLength: 5 }).map((it) => Buffer.from(it).toString("base64")),
  time,
  wait: fc.tuple(fc.integer(), fc.nat(999)).map(([a, b]) => `${a}.${String(b).padStart(3, "0")}s`),
  mask: fc.constantFrom("", "id", "next.pages,byName"),
  value: anyRaw,
  text: unicode,
  tags: fc.array(unicode, { maxLength: 3 }),
};
const labels = fc.dictionary(unicode, unicode, { maxKeys: 2 });
const inner = fc.record({ ...fitting, labels }, { requiredKeys: [] });
const book = fc.record(
  {
    ...fitting,
    labels,
    byName: fc.dictionary(unicode, inner, { maxKeys: 1 }),
    next: fc.option(inner),
    books: fc.array(inner, { maxLength: 2 }),
    second: fc.option(inner),
  },
  { requiredKeys: [] },
);

/** A value as a query has it: JSON for what may be anything, a text for all else. */
function parameter(key: string, value: unknown): string {
  const isJson = key === "data" || key === "value";
  const written = isJson || typeof value === "number" ? JSON.stringify(value) : String(value);
  return `${key}=${encodeURIComponent(written)}`;
}

it("any request is answered or refused, and none is a defect", async () => {
  await fc.assert(
    fc.asyncProperty(line, body, async ([start, path, parameters], sent) => {
      const { status } = await call(`${start}${path}?${parameters}`, sent);
      expect([status, defects]).toEqual([expect.any(Number), []]);
      expect(status).toBeLessThan(500);
    }),
    { numRuns: 300 },
  );
});

it("any request that fits is answered, and its answer is a request that fits", async () => {
  await fc.assert(
    fc.asyncProperty(book, async (it) => {
      const answer = await call("POST /v1", JSON.stringify(it));
      expect(answer.status, answer.text).toBe(200);
      expect((await call("POST /v1", answer.text)).text).toBe(answer.text);
    }),
    { numRuns: 100 },
  );
});

it("any query that fits says the same as a body", async () => {
  await fc.assert(
    fc.asyncProperty(fc.record(fitting, { requiredKeys: [] }), async ({ id, ...further }) => {
      const parameters = Object.entries(further).flatMap(([key, value]) => {
        return Array.isArray(value) && key === "tags"
          ? value.map((item) => parameter(key, item))
          : [parameter(key, value)];
      });
      const byQuery = await call(`GET /v1/x?${parameters.join("&")}`);
      const byBody = await call("POST /v1", JSON.stringify({ id: "x", ...further }));
      expect(byQuery.status, byQuery.text).toBe(200);
      expect(byQuery.text).toBe(byBody.text);
    }),
    { numRuns: 100 },
  );
});
