import { describe, expect, it } from "vitest";
import { restRoutes } from "./index.ts";
import { type TestRule, testSchema } from "./test-schema.ts";

const messages = {
  Request: {
    name: "string",
    other: "string",
    tags: "repeated string",
    labels: "map string",
    book: "Book",
  },
  Book: { name: "string", pages: "int32" },
  Answer: { ok: "bool" },
};

function rules(...list: TestRule[]) {
  const methods = list.map((rule, index) => {
    return [`M${index}`, { input: "Request", output: "Answer", rule }] as const;
  });
  return restRoutes([testSchema({ messages, methods: Object.fromEntries(methods) }).service]);
}

const get = (path: string): TestRule => ({ method: "GET", path });
const post = (path: string, body = ""): TestRule => ({ method: "POST", path, body });

function found(table: ReturnType<typeof rules>, method: string, path: string) {
  const answer = table.find(method, path);
  return "route" in answer
    ? `${answer.route.template.source} ${answer.values.join(" ")}`.trim()
    : `allowed ${answer.allowed.join(" ")}`.trim();
}

describe("find", () => {
  const table = rules(
    get("/v1/{name}"),
    get("/v1/fixed"),
    get("/v1/{name=**}:scan"),
    get("/v1/{name}/books"),
    get("/v1/fixed/{name}"),
    get("/files/{name=**}"),
    get("/{name=shelves/*/books/*}"),
    post("/v1/{name}:archive"),
    post("/v1/fixed:batch"),
    { ...get("/a/{name}"), also: [get("/b/{other}/{name}")] },
    { method: "*", path: "/any/{name}" },
    { method: "PURGE", path: "/v1/{name}" },
  );

  it.each([
    ["GET", "/v1/x", "/v1/{name} x"],
    ["HEAD", "/v1/x", "/v1/{name} x"],
    ["GET", "/v1/fixed", "/v1/fixed"],
    ["GET", "/v1/f%69xed", "/v1/fixed"],
    ["GET", "/v1/fixed/books", "/v1/fixed/{name} books"],
    ["GET", "/v1/x/books", "/v1/{name}/books x"],
    ["GET", "/v1/a/b/c:scan", "/v1/{name=**}:scan a/b/c"],
    ["GET", "/files/a/b.txt", "/files/{name=**} a/b.txt"],
    ["GET", "/files", "/files/{name=**}"],
    ["GET", "/shelves/1/books/2", "/{name=shelves/*/books/*} shelves/1/books/2"],
    ["POST", "/v1/x:archive", "/v1/{name}:archive x"],
    ["POST", "/v1/a:b:archive", "/v1/{name}:archive a:b"],
    ["POST", "/v1/fixed:batch", "/v1/fixed:batch"],
    ["GET", "/v1/x:unknown", "/v1/{name} x:unknown"],
    ["GET", "/v1/x%3Aarchive", "/v1/{name} x%3Aarchive"],
    ["GET", "/a/1", "/a/{name} 1"],
    ["GET", "/b/1/2", "/b/{other}/{name} 1 2"],
    ["PATCH", "/any/x", "/any/{name} x"],
    ["PURGE", "/v1/x", "/v1/{name} x"],
    ["POST", "/v1/x", "allowed GET HEAD PURGE"],
    ["GET", "/v1/x:archive", "allowed POST"],
    ["DELETE", "/v1/fixed", "allowed GET HEAD PURGE"],
    ["GET", "/v1/", "allowed"],
    ["GET", "/v1", "allowed"],
    ["GET", "/v1/x/", "allowed"],
    ["GET", "/", "allowed"],
    ["GET", "/v2/x", "allowed"],
    ["GET", "/shelves/1/books", "allowed"],
    ["GET", "/shelves//books/2", "allowed"],
  ])("leads %s %s to %s", (method, path, answer) => {
    expect(found(table, method, path)).toBe(answer);
  });
});

describe("restRoutes", () => {
  it("refuses two rules for the same paths, whatever their variables are called", () => {
    const clash = "GET /v1/{other}";
    expect(() => rules(get("/v1/{name}"), get("/v1/{other}"))).toThrow(clash);
    expect(() => rules(get("/v1/{name}"), post("/v1/{other}"))).not.toThrow();
    expect(() => rules(get("/v1/{name}"), get("/v1/{other}:read"))).not.toThrow();
  });

  it.each([
    ["an unknown path field", get("/v1/{nothing}"), "has no field nothing"],
    ["a list in the path", get("/v1/{tags}"), "tags is no single scalar"],
    ["a map in the path", get("/v1/{labels}"), "labels is no single scalar"],
    ["a message in the path", get("/v1/{book}"), "book is no single scalar"],
    ["a field twice", get("/v1/{name}/{name}"), "binds name twice"],
    ["an unknown body field", post("/v1", "nothing"), "has no field nothing"],
    ["a body with GET", { ...get("/v1"), body: "*" }, "GET takes no body"],
    ["an unknown answer field", { ...get("/v1"), responseBody: "no" }, "has no field no"],
    ["a malformed path", get("v1"), "path template"],
    ["no path", { path: "" }, "no path"],
    [
      "bindings two levels deep",
      { ...get("/a"), also: [{ ...get("/b"), also: [get("/c")] }] },
      "within additional bindings",
    ],
  ])("refuses %s, naming the method", (_, rule, message) => {
    expect(() => rules(rule)).toThrow(message);
    expect(() => rules(rule)).toThrow("test.Library.M0");
  });
});
