import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { restRoutes } from "../index.ts";
import { testCall } from "../test-call.ts";
import { type TestMethod, testSchema } from "../test-schema.ts";

const messages = {
  Hook: { id: "string", url: "string", secret: "google.protobuf.Value" },
  HookList: { data: "repeated Hook", error: "enum google.protobuf.NullValue" },
  HookAnswer: { data: "Hook", error: "enum google.protobuf.NullValue" },
  AnyAnswer: { data: "Hook", error: "google.protobuf.Value" },
  Put: { id: "string", hook: "Hook" },
  Ids: { ids: "repeated string", hooks: "repeated Hook", by_name: "map Hook", count: "int32" },
  Kinds: {
    text: "google.protobuf.StringValue",
    number: "int32",
    name: "string",
    list: "google.protobuf.ListValue",
    wait: "google.protobuf.Duration",
    unset: "google.protobuf.StringValue",
  },
  Rotate: { id: "string", overlap: "google.protobuf.Duration" },
};

const method = (
  rule: TestMethod["rule"],
  input: string,
  output: string,
  further: Partial<TestMethod> = {},
): TestMethod => ({ ...(rule && { rule }), input, output, ...further });

const empty = "google.protobuf.Empty";

const { service, message } = testSchema({
  messages,
  methods: {
    Answer: method({ method: "GET", path: "/hooks/{id}" }, "Hook", "HookAnswer"),
    Untyped: method({ method: "GET", path: "/untyped/{id}" }, "Hook", "AnyAnswer"),
    List: method({ method: "GET", path: "/hooks" }, "Hook", "HookList"),
    Put: method({ method: "PUT", path: "/hooks/{id}", body: "hook" }, "Put", "Put"),
    Delete: method({ method: "DELETE", path: "/hooks/{id}" }, "Hook", empty, { status: 204 }),
    Rotate: method({ method: "POST", path: "/hooks/{id}/rotate", body: "*" }, "Rotate", "Rotate"),
    Test: method({ method: "POST", path: "/hooks/{id}/test" }, "Rotate", "Rotate"),
    PutIds: method({ method: "PUT", path: "/ids", body: "ids", responseBody: "ids" }, "Ids", "Ids"),
    PutHooks: method(
      { method: "PUT", path: "/lists", body: "hooks", responseBody: "hooks" },
      "Ids",
      "Ids",
    ),
    PutMap: method(
      { method: "PUT", path: "/map", body: "by_name", responseBody: "by_name" },
      "Ids",
      "Ids",
    ),
    PutCount: method(
      { method: "PUT", path: "/count", body: "count", responseBody: "count" },
      "Ids",
      "Ids",
    ),
    Text: method({ method: "GET", path: "/text", responseBody: "text" }, "Kinds", "Kinds"),
    Name: method({ method: "GET", path: "/name", responseBody: "name" }, "Kinds", "Kinds"),
    Items: method({ method: "GET", path: "/items", responseBody: "list" }, "Kinds", "Kinds"),
    Wait: method({ method: "GET", path: "/wait", responseBody: "wait" }, "Kinds", "Kinds"),
    Unset: method({ method: "GET", path: "/unset", responseBody: "unset" }, "Kinds", "Kinds"),
  },
});

const echo = (request: unknown) => request;
const kinds = () => ({
  text: "a",
  name: "n",
  list: { values: [{ kind: { case: "boolValue", value: true } }] },
  wait: { seconds: 2n },
});
const nullValue = create(ValueSchema, { kind: { case: "nullValue", value: 0 } });

const call = testCall(service, {
  answer: ({ id }: Hook) => create(message("HookAnswer"), { data: { id } }),
  untyped: ({ id }: Hook) => create(message("AnyAnswer"), { data: { id }, error: nullValue }),
  list: () => create(message("HookList"), {}),
  put: echo,
  delete: () => ({}),
  rotate: echo,
  test: echo,
  putIds: echo,
  putHooks: echo,
  putMap: echo,
  putCount: echo,
  text: kinds,
  name: kinds,
  items: kinds,
  wait: kinds,
  unset: kinds,
});

type Hook = MessageShape<DescMessage> & { readonly id: string };

describe("null in an answer", () => {
  it("stands for every NullValue field", async () => {
    expect((await call("GET /hooks/1")).text).toBe('{"data":{"id":"1"},"error":null}');
  });

  it("has the list beside it although that is empty", async () => {
    expect((await call("GET /hooks")).text).toBe('{"data":[],"error":null}');
  });

  it("stands for a Value that is null", async () => {
    expect((await call("GET /untyped/1")).text).toBe('{"data":{"id":"1"},"error":null}');
  });
});

describe("null in a body", () => {
  it("is told from nothing in a Value, and comes back", async () => {
    const given = await call("PUT /hooks/1", '{"url":"u","secret":null}');
    const absent = await call("PUT /hooks/1", '{"url":"u"}');
    expect(given.text).toBe('{"id":"1","hook":{"url":"u","secret":null}}');
    expect(absent.text).toBe('{"id":"1","hook":{"url":"u"}}');
  });

  it("is nothing in any other field", async () => {
    expect((await call("PUT /hooks/1", '{"url":null}')).text).toBe('{"id":"1","hook":{}}');
  });
});

describe("204", () => {
  it("has neither a body nor a content type", async () => {
    const { status, text, headers } = await call("DELETE /hooks/1");
    expect([status, text]).toEqual([204, ""]);
    expect(Object.keys(headers)).toEqual(["x-request-id"]);
  });

  it.each([
    [204, "Hook"],
    [302, empty],
    [99, empty],
  ])("and what it answers is checked: %d with %s is refused", (status, output) => {
    const rule = { method: "DELETE", path: "/hooks" };
    const wrong = testSchema({
      messages,
      methods: { Delete: method(rule, "Hook", output, { status }) },
    });
    expect(() => restRoutes([wrong.service])).toThrow(`${status} `);
  });
});

describe("a POST without a body", () => {
  it.each([
    ["without a content type", {}],
    ["that says so", { "content-length": "0" }],
    [
      "of the type that curl gives to empty data",
      { "content-length": "0", "content-type": "application/x-www-form-urlencoded" },
    ],
    ["of JSON", { "content-length": "0", "content-type": "application/json" }],
  ])("%s is taken with and without a rule for bodies", async (_, headers) => {
    expect((await call("POST /hooks/1/rotate", "", headers)).text).toBe('{"id":"1"}');
    expect((await call("POST /hooks/1/test", "", headers)).text).toBe('{"id":"1"}');
  });
});

describe("one field as the whole body", () => {
  it.each([
    ["PUT /ids", '["a","b"]'],
    ["PUT /ids", "[]"],
    ["PUT /lists", '[{"id":"1"},{}]'],
    ["PUT /map", '{"a":{"id":"1"}}'],
    ["PUT /map", "{}"],
    ["PUT /count", "7"],
  ])("%s %s comes and goes bare", async (line, body) => {
    const answer = await call(line, body);
    expect([answer.status, answer.text]).toEqual([200, body]);
  });

  it.each([
    ["GET /text", '"a"'],
    ["GET /name", '"n"'],
    ["GET /items", "[true]"],
    ["GET /wait", '"2s"'],
    ["GET /unset", "null"],
  ])("%s answers %s", async (line, text) => {
    expect((await call(line)).text).toBe(text);
  });

  it.each([
    ["PUT /ids", "{}", "ids", "must be a list"],
    ["PUT /ids", '["a",1]', "ids[1]", "must be a text"],
    ["PUT /lists", '[{},{"no":1}]', "hooks[1].no", "unknown field"],
    ["PUT /map", "[]", "byName", "must be an object"],
    ["PUT /count", '"x"', "count", "must be a whole number of at most 32 bits"],
  ])("%s %s is refused, naming the field", async (line, body, field, description) => {
    const { status, json } = await call(line, body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ details: [{}, { fieldViolations: [{ field, description }] }] });
  });
});
