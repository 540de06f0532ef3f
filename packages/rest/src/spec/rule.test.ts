import { describe, expect, it } from "vitest";
import { restRoutes } from "../index.ts";
import { testCall } from "../test-call.ts";
import { type TestRule, testSchema } from "../test-schema.ts";

const messages = {
  Message: { message_id: "string", user_id: "string", text: "string", sub: "Message" },
  Answer: { messages: "repeated Message" },
};

function messaging(rules: Readonly<Record<string, TestRule | undefined>>) {
  const methods = Object.entries(rules).map(([name, rule]) => {
    return [name, { input: "Message", output: "Message", ...(rule && { rule }) }] as const;
  });
  return testSchema({ messages, methods: Object.fromEntries(methods) }).service;
}

const echo = (request: unknown) => request;
const get = (path: string): TestRule => ({ method: "GET", path });
const put = (path: string, body: string): TestRule => ({ method: "PUT", path, body });

describe("the body of a rule", () => {
  const call = testCall(
    messaging({
      Field: put("/field/{message_id}", "sub"),
      All: put("/all/{message_id}", "*"),
      Nested: put("/nested/{sub.message_id}", "sub"),
      NestedAll: put("/nested-all/{sub.message_id}", "*"),
      None: { method: "PUT", path: "/none/{message_id}" },
      Post: { method: "POST", path: "/verbs", body: "*" },
      Patch: { method: "PATCH", path: "/verbs", body: "*" },
      Custom: { method: "REPORT", path: "/verbs", body: "*" },
    }),
    {
      field: echo,
      all: echo,
      nested: echo,
      nestedAll: echo,
      none: echo,
      post: echo,
      patch: echo,
      custom: echo,
    },
  );

  it.each([
    ["PUT /field/1", '{"text":"a"}', { messageId: "1", sub: { text: "a" } }],
    ["PUT /field/1?text=b", "{}", { messageId: "1", text: "b", sub: {} }],
    ["PUT /field/1", "", { messageId: "1" }],
    [
      "PUT /all/1",
      '{"text":"a","sub":{"text":"b"}}',
      { messageId: "1", text: "a", sub: { text: "b" } },
    ],
    ["PUT /all/1", "", { messageId: "1" }],
    ["PUT /nested/1", '{"text":"a"}', { sub: { messageId: "1", text: "a" } }],
    ["PUT /nested-all/1", '{"sub":{"text":"a"}}', { sub: { messageId: "1", text: "a" } }],
    ["PUT /none/1?text=a&sub.text=b", "", { messageId: "1", text: "a", sub: { text: "b" } }],
    ["POST /verbs", '{"text":"a"}', { text: "a" }],
    ["PATCH /verbs", '{"text":"a"}', { text: "a" }],
    ["REPORT /verbs", '{"text":"a"}', { text: "a" }],
  ])("sends %s %s where it says", async (line, body, fields) => {
    expect((await call(line, body)).json).toEqual(fields);
  });

  it.each([
    ["PUT /all/1", '{"message_id":"2"}', "messageId"],
    ["PUT /nested/1", '{"messageId":"2"}', "sub.messageId"],
    ["PUT /nested-all/1", '{"sub":{"message_id":"1"}}', "sub.messageId"],
  ])("refuses with %s %s what the path binds", async (line, body, field) => {
    const { status, json } = await call(line, body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ details: [{}, { fieldViolations: [{ field }] }] });
  });

  it("refuses a body where there is none", async () => {
    const { status, json } = await call("PUT /none/1", "{}");
    expect(status).toBe(400);
    expect(json).toMatchObject({ message: "this method takes no body" });
  });

  it.each([
    ["an unknown field", put("/x", "nothing"), "no field nothing"],
    ["a field within a field", put("/x", "sub.text"), "no field sub.text"],
    ["a field that the path binds", put("/{text}", "text"), "both path and body bind text"],
    ["any with GET", { ...get("/x"), body: "*" }, "GET takes no body"],
    ["any with HEAD", { method: "HEAD", path: "/x", body: "*" }, "HEAD takes no body"],
    ["any with DELETE", { method: "DELETE", path: "/x", body: "*" }, "DELETE takes no body"],
  ])("may not be %s", (_, rule, why) => {
    expect(() => restRoutes([messaging({ M: rule })])).toThrow(why);
  });
});

describe("the response body of a rule", () => {
  it.each([
    ["an unknown field", "nothing"],
    ["a field within a field", "sub.text"],
    ["all fields", "*"],
  ])("may not be %s", (_, responseBody) => {
    const rule = { ...get("/x"), responseBody };
    expect(() => restRoutes([messaging({ M: rule })])).toThrow(`no field ${responseBody}`);
  });
});

describe("additional bindings", () => {
  const call = testCall(
    messaging({
      Get: {
        ...get("/v1/messages/{message_id}"),
        also: [
          get("/v1/users/{user_id}/messages/{message_id}"),
          { method: "POST", path: "/v1/messages:find", body: "sub", responseBody: "sub" },
        ],
      },
    }),
    { get: echo },
  );

  it("lead to the same method, each by its own rules", async () => {
    expect((await call("GET /v1/messages/1")).json).toEqual({ messageId: "1" });
    const other = await call("GET /v1/users/me/messages/1");
    expect(other.json).toEqual({ messageId: "1", userId: "me" });
    expect((await call("POST /v1/messages:find", '{"text":"a"}')).json).toEqual({ text: "a" });
  });

  it("leave what only one of them binds to the query of the others", async () => {
    const { json } = await call("GET /v1/messages/1?userId=me");
    expect(json).toEqual({ messageId: "1", userId: "me" });
  });

  it("may not have further ones, clash or be malformed", () => {
    const nested = { ...get("/a"), also: [{ ...get("/b"), also: [get("/c")] }] };
    const make = (rule: TestRule) => () => restRoutes([messaging({ M: rule })]);
    expect(make(nested)).toThrow("within additional bindings");
    expect(make({ ...get("/a"), also: [get("/a")] })).toThrow("both answer GET /a");
    expect(make({ ...get("/a"), also: [get("b")] })).toThrow("path template b");
  });
});

describe("a rule's pattern", () => {
  it.each(["", "get", "Get", "GET /", "G\u00c9T", "**"])("has no method %j", (kind) => {
    // The test's rules make a custom pattern of what is no usual method.
    const make = () => restRoutes([messaging({ M: { method: kind, path: "/x" } })]);
    expect(make).toThrow("is no HTTP method in upper case");
  });

  it("has to be there", () => {
    expect(() => restRoutes([messaging({ M: { path: "" } })])).toThrow("no path");
  });

  it("is what makes a method a route at all", async () => {
    const service = messaging({ Bare: undefined, Get: get("/v1") });
    expect(restRoutes([service]).routes.map(({ method }) => method.name)).toEqual(["Get"]);
  });
});

describe("the rules of a service configuration", () => {
  const service = messaging({ Get: get("/own"), Other: get("/other"), Bare: undefined });
  const rule = (selector: string, path: string) => {
    return { selector, pattern: { case: "get", value: path } as const };
  };
  const paths = (...rules: ReturnType<typeof rule>[]) => {
    return restRoutes([service], { rules }).routes.map(({ template }) => template.source);
  };

  it("take the place of a method's own", () => {
    expect(paths(rule("test.Library.Get", "/configured"))).toEqual(["/configured", "/other"]);
  });

  it("give a rule to a method that has none", () => {
    expect(paths(rule("test.Library.Bare", "/bare"))).toEqual(["/own", "/other", "/bare"]);
  });

  it("follow each other, so that the last one wins", () => {
    const rules = [rule("test.Library.Get", "/first"), rule("test.Library.Get", "/last")];
    expect(paths(...rules)).toEqual(["/last", "/other"]);
  });

  it("select by a list of names, and by a name's beginning", () => {
    expect(() => paths(rule("test.Library.Get, test.Library.Other", "/x"))).toThrow(
      "both answer GET /x",
    );
    expect(() => paths(rule("test.*", "/x"))).toThrow("both answer GET /x");
    expect(() => paths(rule("*", "/x"))).toThrow("both answer GET /x");
  });

  it.each([
    ["", "is no list of names"],
    ["test.Lib*", "is no list of names"],
    ["*.Get", "is no list of names"],
    ["test.Library.None", "means no method"],
    ["other.*", "means no method"],
    ["test.Library.Ge", "means no method"],
  ])("are refused with the selector %j", (selector, why) => {
    expect(() => paths(rule(selector, "/x"))).toThrow(why);
  });
});
