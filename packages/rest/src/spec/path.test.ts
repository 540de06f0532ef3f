import { describe, expect, it } from "vitest";
import { restRoutes } from "../index.ts";
import { testCall } from "../test-call.ts";
import { type TestMethod, testSchema } from "../test-schema.ts";

const messages = {
  Book: {
    name: "string",
    other: "string",
    book: "Book",
    a_bool: "bool",
    an_int32: "int32",
    an_int64: "int64",
    a_uint64: "uint64",
    a_double: "double",
    some_bytes: "bytes",
    color: "enum Color",
    maybe: "optional string",
    time: "google.protobuf.Timestamp",
    wrapped: "google.protobuf.StringValue",
    tags: "repeated string",
    labels: "map string",
    chosen: "oneof string",
    chosen_number: "oneof int32",
    etag: "string",
  },
};
const enums = { Color: ["COLOR_UNSPECIFIED", "RED", "BLUE"] };

/** Each rule is `GET /v1/{name}`; a `!` before it makes one by a custom pattern. */
function library(lines: readonly string[]) {
  const methods = lines.map((line, index): [string, TestMethod] => {
    const [method = "", path = "", body = ""] = line.split(" ");
    return [`M${index}`, { input: "Book", output: "Book", rule: { method, path, body } }];
  });
  const { service } = testSchema({ messages, enums, methods: Object.fromEntries(methods) });
  return service;
}

/** Serves the rules by an echo whose `etag` is the rule. */
function echoing(lines: readonly string[], options = {}) {
  const service = library(lines);
  const methods = lines.map((line, index) => {
    return [`m${index}`, (request: object) => ({ ...request, etag: line })];
  });
  const routes = restRoutes([service], options);
  return testCall(service, Object.fromEntries(methods), { routes });
}

async function bound(call: ReturnType<typeof testCall>, line: string) {
  const { status, json } = await call(line);
  if (status !== 200) return String(status);
  const { etag, name, book, other } = json as Record<string, unknown>;
  const values = [name, (book as { name?: string } | undefined)?.name, other].filter((it) => it);
  return `${etag} ${values.join(" ")}`.trim();
}

describe("a variable", () => {
  const call = echoing([
    "GET /v1/{name}",
    "GET /star/{name=*}",
    "GET /rest/{name=**}",
    "GET /books/{name=shelves/*/books/*}",
    "GET /both/{name=a/*}/x/{other}",
    "GET /deep/{book.name}/{book.book.name}",
    "GET /fixed/{name=only}",
    "GET /plain/*/x/**",
  ]);

  it.each([
    ["/v1/x", "GET /v1/{name} x"],
    ["/v1/a%2Fb", "GET /v1/{name} a/b"],
    ["/v1/%2f", "GET /v1/{name} /"],
    ["/v1/%252F", "GET /v1/{name} %2F"],
    ["/v1/a:b", "GET /v1/{name} a:b"],
    ["/v1/a+b", "GET /v1/{name} a+b"],
    ["/v1/..", "GET /v1/{name} .."],
    ["/v1/*", "GET /v1/{name} *"],
    ["/v1/%7Bname%7D", "GET /v1/{name} {name}"],
    ["/star/a%2Fb", "GET /star/{name=*} a/b"],
    ["/rest", "GET /rest/{name=**}"],
    ["/rest/", "GET /rest/{name=**}"],
    ["/rest/a", "GET /rest/{name=**} a"],
    ["/rest/a/b/c", "GET /rest/{name=**} a/b/c"],
    ["/rest/a//b/", "GET /rest/{name=**} a//b/"],
    ["/rest/a%2Fb", "GET /rest/{name=**} a%2Fb"],
    ["/rest/a%2fb%20c", "GET /rest/{name=**} a%2fb c"],
    ["/books/shelves/1/books/2", "GET /books/{name=shelves/*/books/*} shelves/1/books/2"],
    ["/books/shelves/a%2Fb/books/%40", "GET /books/{name=shelves/*/books/*} shelves/a%2Fb/books/@"],
    ["/books/shelves/1/books", "404"],
    ["/both/a/1/x/2", "GET /both/{name=a/*}/x/{other} a/1 2"],
    ["/deep/a/b", "GET /deep/{book.name}/{book.book.name} a"],
    ["/fixed/only", "GET /fixed/{name=only} only"],
    ["/fixed/other", "404"],
    ["/plain/a/x", "GET /plain/*/x/**"],
    ["/plain/a/x/b/c", "GET /plain/*/x/**"],
    ["/v1", "404"],
    ["/v1/", "404"],
    ["/v1/x/", "404"],
    ["/v1//x", "404"],
    ["//v1/x", "404"],
    ["/v1/%", "400"],
    ["/v1/%zz", "400"],
    ["/v1/%ff", "400"],
    ["/rest/%c3%28", "400"],
  ])("of %s is %s", async (path, answer) => {
    expect(await bound(call, `GET ${path}`)).toBe(answer);
  });

  it("of several segments is wholly decoded by fully_decode_reserved_expansion", async () => {
    const full = echoing(["GET /rest/{name=**}"], { fullyDecodeReservedExpansion: true });
    expect(await bound(full, "GET /rest/a/b%2Fc")).toBe("GET /rest/{name=**} a/b/c");
    expect(await bound(full, "GET /rest/b%2Fc")).toBe("GET /rest/{name=**} b%2Fc");
  });

  it.each([
    ["a_bool", "true", { aBool: true }],
    ["an_int32", "-5", { anInt32: -5 }],
    ["an_int64", "9007199254740993", { anInt64: "9007199254740993" }],
    ["a_uint64", "18446744073709551615", { aUint64: "18446744073709551615" }],
    ["a_double", "1.5", { aDouble: 1.5 }],
    ["some_bytes", "_-8", { someBytes: "/+8=" }],
    ["color", "RED", { color: "RED" }],
    ["color", "2", { color: "BLUE" }],
    ["maybe", "x", { maybe: "x" }],
    ["chosen", "x", { chosen: "x" }],
    ["book.an_int32", "7", { book: { anInt32: 7 } }],
  ])("may be the scalar %s, from %s", async (field, text, fields) => {
    const call = echoing([`GET /{${field}}`]);
    expect((await call(`GET /${text}`)).json).toMatchObject(fields);
  });

  it.each([
    ["a_bool", "yes", "aBool", "must be true or false"],
    ["an_int32", "1.5", "anInt32", "must be a whole number of at most 32 bits"],
    ["color", "GREEN", "color", "must be one of RED, BLUE"],
    ["book.an_int32", "x", "book.anInt32", "must be a whole number of at most 32 bits"],
  ])("of the scalar %s may not be %s", async (field, text, name, description) => {
    const { status, json } = await echoing([`GET /{${field}}`])(`GET /${text}`);
    expect(status).toBe(400);
    expect(json).toMatchObject({
      details: [{}, { fieldViolations: [{ field: name, description }] }],
    });
  });

  it.each([
    ["{book}", "book is no single scalar"],
    ["{tags}", "tags is no single scalar"],
    ["{labels}", "labels is no single scalar"],
    ["{time}", "time is no single scalar"],
    ["{wrapped}", "wrapped is no single scalar"],
    ["{time.seconds}", "no field time.seconds"],
    ["{tags.x}", "no field tags.x"],
    ["{nothing}", "no field nothing"],
    ["{name}/{name}", "binds name twice"],
    ["{chosen}/{chosen_number}", "two fields of the oneof choice"],
  ])("may not be %s", (variable, why) => {
    expect(() => restRoutes([library([`GET /${variable}`])])).toThrow(why);
  });
});

describe("a literal", () => {
  const call = echoing([
    "GET /a@b/x",
    "GET /caf%C3%A9/x",
    "GET /slash%2Fed/x",
    "GET /%2A/x",
    "GET /50%25/x",
    "GET /eq=ual/x",
    "GET /v1/fixed",
    "GET /v1/{name}",
  ]);

  it.each([
    ["/a@b/x", "GET /a@b/x"],
    ["/a%40b/x", "GET /a@b/x"],
    ["/caf%c3%a9/x", "GET /caf%C3%A9/x"],
    ["/slash%2fed/x", "GET /slash%2Fed/x"],
    ["/slash/ed/x", "404"],
    ["/*/x", "GET /%2A/x"],
    ["/%2a/x", "GET /%2A/x"],
    ["/50%25/x", "GET /50%25/x"],
    ["/50%/x", "404"],
    ["/eq%3Dual/x", "GET /eq=ual/x"],
    ["/v1/f%69xed", "GET /v1/fixed"],
    ["/v1/Fixed", "GET /v1/{name} Fixed"],
    ["/V1/fixed", "404"],
  ])("matches %s, however it is encoded: %s", async (path, answer) => {
    expect(await bound(call, `GET ${path}`)).toBe(answer);
  });

  it.each(["/a%", "/a%2", "/a%zz", "/%ff", "/v1:%zz"])("may not be encoded as %s", (path) => {
    expect(() => restRoutes([library([`GET ${path}`])])).toThrow(`path template ${path}: `);
  });
});

describe("a verb", () => {
  const call = echoing([
    "GET /v1/{name}",
    "POST /v1/{name}:archive",
    "GET /v1/{name}/parts:list",
    "GET /files/{name=**}:scan",
    "GET /files/{name=**}",
    "GET /trailing/**:slash",
    "GET /top:verb",
    "GET /c:%2c",
  ]);

  it.each([
    ["POST /v1/x:archive", "POST /v1/{name}:archive x"],
    ["POST /v1/x:%61rchive", "POST /v1/{name}:archive x"],
    ["POST /v1/a:b:archive", "POST /v1/{name}:archive a:b"],
    ["GET /v1/x:other", "GET /v1/{name} x:other"],
    ["GET /v1/x:", "GET /v1/{name} x:"],
    ["GET /v1/x%3Aarchive", "GET /v1/{name} x:archive"],
    ["GET /v1/x:archive", "405"],
    ["GET /v1/x:y/parts:list", "GET /v1/{name}/parts:list x:y"],
    ["GET /v1/x/parts", "404"],
    ["GET /files/a/b:scan", "GET /files/{name=**}:scan a/b"],
    ["GET /files:scan", "GET /files/{name=**}:scan"],
    ["GET /files/a:b/c", "GET /files/{name=**} a:b/c"],
    ["GET /trailing/:slash", "GET /trailing/**:slash"],
    ["GET /trailing:slash", "GET /trailing/**:slash"],
    ["GET /top:verb", "GET /top:verb"],
    ["GET /top", "404"],
    ["GET /top:", "404"],
    ["GET /c:,", "GET /c:%2c"],
  ])("%s leads to %s", async (line, answer) => {
    expect(await bound(call, line)).toBe(answer);
  });
});

describe("of several templates", () => {
  const call = echoing([
    "GET /v1/{name}/books",
    "GET /v1/fixed/{name}",
    "GET /v1/{name=**}",
    "GET /v1/only",
    "POST /v1/only",
    "POST /v1/{name}",
    "PUT /v1/{name}",
    "* /any/{name}",
    "GET /any/{name}",
    "OPTIONS /any/{name}",
    "HEAD /head/{name}",
    "GET /head/{name}",
  ]);

  it.each([
    ["GET /v1/fixed/books", "GET /v1/fixed/{name} books"],
    ["GET /v1/other/books", "GET /v1/{name}/books other"],
    ["GET /v1/other/more", "GET /v1/{name=**} other/more"],
    ["GET /v1/fixed/books/x", "GET /v1/{name=**} fixed/books/x"],
    ["GET /v1/only", "GET /v1/only"],
    ["POST /v1/only", "POST /v1/only"],
    ["PUT /v1/only", "PUT /v1/{name} only"],
    ["DELETE /v1/only", "405"],
    ["GET /any/x", "GET /any/{name} x"],
    ["DELETE /any/x", "* /any/{name} x"],
    ["BREW /any/x", "* /any/{name} x"],
    ["OPTIONS /any/x", "OPTIONS /any/{name} x"],
    ["HEAD /any/x", "GET /any/{name} x"],
    ["HEAD /head/x", "HEAD /head/{name} x"],
    ["get /v1/only", "405"],
  ])("%s takes the most literal one that has the method: %s", async (line, answer) => {
    expect(await bound(call, line)).toBe(answer);
  });

  it("a wrong method is told all that are right", async () => {
    const { headers } = await call("DELETE /v1/only");
    expect(headers["allow"]).toBe("GET, HEAD, POST, PUT");
  });
});

describe("two rules for the same paths", () => {
  it.each([
    [["GET /v1/{name}", "GET /v1/{other}"], "GET /v1/{other}"],
    [["GET /v1/{name}", "GET /v1/*"], "GET /v1/*"],
    [["GET /a/{name=b/*}", "GET /a/b/{other}"], "GET /a/b/{other}"],
    [["GET /v1/{name=**}:x", "GET /v1/**:x"], "GET /v1/**:x"],
    [["GET /a%40", "GET /a@"], "GET /a@"],
    [["* /v1", "* /v1"], "* /v1"],
  ])("%j are found when the routes are made, and both are named", (lines, where) => {
    const make = () => restRoutes([library(lines)]);
    expect(make).toThrow(`both answer ${where}`);
    expect(make).toThrow(/test\.Library\.M1 and .*test\.Library\.M0/);
  });

  it.each([
    [["GET /v1/{name}", "POST /v1/{other}"]],
    [["GET /v1/{name}", "GET /v1/{other}:verb"]],
    [["GET /v1/{name}", "* /v1/{other}"]],
    [["GET /v1/{name}", "GET /v1/{other=**}"]],
    [["GET /v1/{name}/x", "GET /v1/x/{other}"]],
  ])("are not %j", (lines) => {
    expect(() => restRoutes([library(lines)])).not.toThrow();
  });
});
