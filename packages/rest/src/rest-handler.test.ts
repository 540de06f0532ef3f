import { create, type DescMessage, type JsonObject, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import { HttpBodySchema } from "@posthorn/proto/google/api/httpbody";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RestRequest, restHandler, restRoutes } from "./index.ts";
import { testSchema } from "./test-schema.ts";

const { service, message } = testSchema({
  enums: { Color: ["COLOR_UNSPECIFIED", "RED", "BLUE"] },
  messages: {
    Book: {
      id: "string",
      title: "string",
      page_count: "int32",
      color: "enum Color",
      data: "raw",
      chapters: "repeated Chapter",
      by_name: "map Chapter",
      etag: "string",
      time: "google.protobuf.Timestamp",
      epilogue: "oneof Chapter",
      rest: "oneof raw",
    },
    Chapter: { data: "raw", many: "repeated raw", book: "Book" },
    List: {
      shelf: "string",
      page_size: "int32",
      large: "int64",
      truth: "bool",
      real: "double",
      color: "enum Color",
      colors: "repeated enum Color",
      tags: "repeated string",
      after: "google.protobuf.Timestamp",
      wait: "google.protobuf.Duration",
      waits: "repeated google.protobuf.Duration",
      mask: "google.protobuf.FieldMask",
      wrapped: "google.protobuf.Int32Value",
      filter: "Filter",
      filters: "repeated Filter",
      labels: "map string",
      digest: "bytes",
    },
    Filter: { author: "string", inner: "Filter" },
    Create: { shelf: "string", book: "Book", validate_only: "bool" },
    Update: { book: "Book", update_mask: "google.protobuf.FieldMask" },
    Upload: { shelf: "string", file: "google.api.HttpBody" },
    Answer: { books: "repeated Book" },
  },
  methods: {
    List: { input: "List", output: "List", rule: { method: "GET", path: "/v1/{shelf}/books" } },
    Create: {
      input: "Create",
      output: "Book",
      rule: { method: "POST", path: "/v1/{shelf}/books", body: "book" },
      status: 201,
    },
    Change: {
      input: "Update",
      output: "Update",
      rule: { method: "PATCH", path: "/v1/books/{book.id}", body: "book" },
    },
    Move: {
      input: "Create",
      output: "Create",
      rule: { method: "POST", path: "/v1/{shelf}:move", body: "*" },
    },
    Deep: {
      input: "Create",
      output: "Create",
      rule: { method: "GET", path: "/v1/deep/{shelf=**}" },
    },
    Upload: {
      input: "Upload",
      output: "google.api.HttpBody",
      rule: { method: "POST", path: "/v1/{shelf}/files", body: "file" },
    },
    Books: {
      input: "List",
      output: "Answer",
      rule: { method: "GET", path: "/v1/{shelf}/list", responseBody: "books" },
    },
    Delete: {
      input: "List",
      output: "google.protobuf.Empty",
      rule: { method: "DELETE", path: "/v1/{shelf}" },
    },
    Fail: { input: "List", output: "List", rule: { method: "GET", path: "/v1/fail/{shelf}" } },
    Watch: {
      input: "List",
      output: "Book",
      rule: { method: "GET", path: "/v1/{shelf}:watch" },
      serverStreaming: true,
    },
  },
});

type Message = MessageShape<DescMessage> & Record<string, unknown>;

const failures: Record<string, () => unknown> = {
  limited: () => toConnectError(new AppError("limited", "slow down", { retryAfterMs: 1_200 }), ""),
  large: () => toConnectError(new AppError("too_large", "too much"), ""),
  conflict: () => toConnectError(new AppError("conflict", "read again"), ""),
  defect: () => new Error("the password is hunter2"),
  down: () => new ConnectError("connect ECONNREFUSED 10.0.0.7:5432", Code.Unavailable),
  late: () => new ConnectError("the operation timed out", Code.DeadlineExceeded),
};

const bytes = (text: string) => new TextEncoder().encode(text);

const transport = createRouterTransport((router) => {
  const echo = (request: unknown) => request as Message;
  router.service(service, {
    list: echo,
    create: (request: unknown) => (request as Message)["book"] as Message,
    change: echo,
    move: echo,
    deep: echo,
    upload: (request: unknown) => (request as Message)["file"] as Message,
    books: () => create(message("Answer"), { books: [{ data: bytes('{ "a":1.0 }') }, {}] }),
    delete: () => ({}),
    fail(request: unknown) {
      throw failures[String((request as Message)["shelf"])]?.();
    },
    async *watch(request: unknown) {
      yield create(message("Book"), { title: "one", data: bytes('{\n"a":1}') });
      if ((request as Message)["shelf"] === "broken") throw failures["conflict"]?.();
      yield create(message("Book"), { title: "two" });
    },
  } as never);
});

const logged: unknown[] = [];
const handle = restHandler({
  routes: restRoutes([service]),
  transportOf: () => transport,
  log: { error: (...line) => logged.push(line) },
  bodyBytesMax: 10_000,
});

async function call(
  line: string,
  body: string | RestRequest["body"] = "",
  headers: RestRequest["headers"] = {},
) {
  const [method = "", target = ""] = line.split(" ");
  const [path = "", query = ""] = target.split("?");
  const answer = await handle({
    method,
    path,
    query,
    headers,
    body: typeof body === "string" ? bytes(body) : body,
    signal: new AbortController().signal,
  });
  let text = "";
  const chunks = answer.body instanceof Uint8Array ? [answer.body] : answer.body;
  for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  return { status: answer.status, headers: answer.headers, text };
}

async function violations(line: string, body = "") {
  const { status, text } = await call(line, body);
  const details: JsonObject[] = JSON.parse(text).details;
  const badRequest = details.find((it) => String(it["@type"]).endsWith("BadRequest"));
  return { status, fields: badRequest?.["fieldViolations"] };
}

describe("the path", () => {
  it.each([
    ["/v1/a%2Fb%20c/books", "a/b c"],
    ["/v1/%E2%82%AC/books", "€"],
    ["/v1/a+b/books", "a+b"],
    ["/v1/a:b/books", "a:b"],
  ])("%s binds %s", async (path, shelf) => {
    expect(JSON.parse((await call(`GET ${path}`)).text).shelf).toBe(shelf);
  });

  it("keeps %2F in a variable of several segments", async () => {
    expect(JSON.parse((await call("GET /v1/deep/a/b%2fc%20d")).text).shelf).toBe("a/b%2fc d");
  });

  it.each(["%", "%zz", "%ff"])("with %s in it is refused", async (part) => {
    expect(await violations(`GET /v1/${part}/books`)).toEqual({
      status: 400,
      fields: [{ field: "shelf", description: "has a malformed percent-encoding" }],
    });
  });
});

describe("query parameters", () => {
  it.each([
    ["pageSize=5", { pageSize: 5 }],
    ["page_size=5", { pageSize: 5 }],
    ["large=9223372036854775807", { large: "9223372036854775807" }],
    ["truth=true", { truth: true }],
    ["real=-1.5e3", { real: -1500 }],
    ["color=RED", { color: "RED" }],
    ["color=2", { color: "BLUE" }],
    ["colors=RED&colors=BLUE", { colors: ["RED", "BLUE"] }],
    ["tags=a&tags=b%2Cc&tags=", { tags: ["a", "b,c", ""] }],
    ["after=2026-01-31T12:00:00Z", { after: "2026-01-31T12:00:00Z" }],
    ["wait=1.5s", { wait: "1.500s" }],
    ["waits=1s&waits=2s", { waits: ["1s", "2s"] }],
    ["mask=name,pageSize", { mask: "name,pageSize" }],
    ["wrapped=0", { wrapped: 0 }],
    [
      "filter.author=x+y&filter.inner.author=z",
      { filter: { author: "x y", inner: { author: "z" } } },
    ],
    ["digest=_-8", { digest: "/+8=" }],
    ["&&pageSize=5&", { pageSize: 5 }],
  ])("%s", async (query, fields) => {
    const { status, text } = await call(`GET /v1/s/books?${query}`);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject(fields);
  });

  it.each([
    ["nothing=1", "nothing", "unknown query parameter"],
    ["filter=x", "filter", "unknown query parameter"],
    ["filter.nothing=x", "filter.nothing", "unknown query parameter"],
    ["filters.author=x", "filters.author", "unknown query parameter"],
    ["labels.a=x", "labels.a", "unknown query parameter"],
    ["shelf=x", "shelf", "unknown query parameter"],
    ["__proto__=x", "__proto__", "unknown query parameter"],
    ["pageSize=1&pageSize=2", "pageSize", "is given twice"],
    ["pageSize=abc", "pageSize", "must be a whole number of at most 32 bits"],
    ["pageSize=", "pageSize", "must be a whole number of at most 32 bits"],
    ["pageSize=0", "pageSize", "must be at least 1"],
    ["page_size=-0.0", "pageSize", "must be at least 1"],
    ["pageSize=1e9999", "pageSize", "must be a whole number of at most 32 bits"],
    ["pageSize=4294967296", "pageSize", "must be a whole number of at most 32 bits"],
    ["pageSize=1.5", "pageSize", "must be a whole number of at most 32 bits"],
    ["truth=1", "truth", "must be true or false"],
    ["color=GREEN", "color", "must be one of RED, BLUE"],
    [
      "after=yesterday",
      "after",
      "must be an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z",
    ],
    ["wait=5", "wait", 'must be a duration in seconds, such as "1.5s"'],
    ["filter.author=x&filter.author=y", "filter.author", "is given twice"],
  ])("%s is refused", async (query, field, description) => {
    expect(await violations(`GET /v1/s/books?${query}`)).toEqual({
      status: 400,
      fields: [{ field, description }],
    });
  });

  it("go beside a body of one field, but not into it", async () => {
    expect((await call("POST /v1/s/books?validateOnly=true", "{}")).status).toBe(201);
    expect((await call("POST /v1/s/books?book.title=x", "{}")).status).toBe(400);
  });

  it("do not go beside a body of all fields", async () => {
    expect((await call("POST /v1/s:move?validateOnly=true", "{}")).status).toBe(400);
  });
});

describe("the body", () => {
  it("is one field", async () => {
    const { status, text } = await call("POST /v1/s/books", '{"title":"x","page_count":3}');
    expect([status, text]).toEqual([201, '{"title":"x","pageCount":3}']);
  });

  it("is every field that the path does not bind", async () => {
    const { text } = await call("POST /v1/s:move", '{"book":{"title":"x"},"validateOnly":true}');
    expect(JSON.parse(text)).toMatchObject({
      shelf: "s",
      book: { title: "x" },
      validateOnly: true,
    });
  });

  it("may be absent", async () => {
    expect(JSON.parse((await call("POST /v1/s:move")).text).shelf).toBe("s");
  });

  it.each([
    ["POST /v1/s/books", '{"titel":1}', [["book.titel", "unknown field"]]],
    ["POST /v1/s/books", '{"title":1}', [["book.title", "must be a text"]]],
    [
      "POST /v1/s/books",
      '{"title":"a","chapters":[{},{"x":1}]}',
      [["book.chapters[1].x", "unknown field"]],
    ],
    ["POST /v1/s/books", '{"chapters":{}}', [["book.chapters", "must be a list"]]],
    ["POST /v1/s/books", '{"byName":{"k":{"x":1}}}', [["book.byName.k.x", "unknown field"]]],
    [
      "POST /v1/s/books",
      '{"pageCount":1,"page_count":2}',
      [["book.pageCount", "given twice, under two names"]],
    ],
    [
      "POST /v1/s/books",
      '{"a":1,"title":[],"color":"X"}',
      [
        ["book.a", "unknown field"],
        ["book.title", "must be a text"],
        ["book.color", "must be one of RED, BLUE"],
      ],
    ],
    ["POST /v1/s/books", "[]", [["book", "must be an object"]]],
    ["POST /v1/s/books", "3", [["book", "must be an object"]]],
    ["POST /v1/s/books", '{"__proto__":{"title":"x"}}', [["book.__proto__", "unknown field"]]],
    ["POST /v1/s:move", '{"__proto__":{"book":{}}}', [["__proto__", "unknown field"]]],
    ["POST /v1/s:move", "[]", [["body", "must be an object"]]],
    [
      "POST /v1/s:move",
      '{"shelf":"t"}',
      [["shelf", "is given by the path and may not stand in the body"]],
    ],
    [
      "PATCH /v1/books/1",
      '{"id":"2"}',
      [["book.id", "is given by the path and may not stand in the body"]],
    ],
    [
      "PATCH /v1/books/1",
      '{"id":null}',
      [["book.id", "is given by the path and may not stand in the body"]],
    ],
  ])("%s %s is refused, naming the field", async (line, body, fields) => {
    expect(await violations(line, body)).toEqual({
      status: 400,
      fields: fields.map(([field, description]) => ({ field, description })),
    });
  });

  it.each([
    ['{"title":"x",}', "book", "invalid_json"],
    ['{"data":{"a":1,"\\u0061":2}}', "book.data.a", "duplicate_key"],
    ['{"title":"x","data":["\\ud800"]}', "book.data[0]", "invalid_unicode"],
    [`{"data":${"[".repeat(90)}${"]".repeat(90)}}`, "book.data", "too_deep"],
  ])("%s is refused with path and reason", async (body, field, reason) => {
    const { fields } = await violations("POST /v1/s/books", body);
    expect(fields).toEqual([expect.objectContaining({ reason })]);
    expect(fields).toEqual([expect.objectContaining({ field: expect.stringContaining(field) })]);
  });

  it("never comes back in a refusal", async () => {
    const { text } = await call("POST /v1/s/books", '{"pageCount":"hunter2","color":"hunter2"}');
    expect(text).not.toContain("hunter2");
  });

  it("is refused where there is none to be", async () => {
    expect((await call("GET /v1/s/books", "{}")).status).toBe(400);
  });

  it("may be bytes of any type", async () => {
    const { headers, text } = await call("POST /v1/s/files", "a: [", {
      "content-type": "application/yaml",
    });
    expect([headers["content-type"], text]).toEqual(["application/yaml", "a: ["]);
  });

  it("is read in pieces, up to its limit and no further", async () => {
    let readCount = 0;
    async function* endless() {
      for (;;) {
        readCount += 1;
        yield bytes(" ".repeat(4_000));
      }
    }
    expect((await call("POST /v1/s/books", endless())).status).toBe(413);
    expect(readCount).toBe(3);
  });

  it.each([
    ["text/xml", 415],
    ["application/jsonx", 415],
    ["application/json; charset=latin1", 415],
    ["application/json; charset=UTF-8", 201],
    ["Application/JSON", 201],
    ["", 201],
  ])("of content type %j gives %d", async (type, status) => {
    const headers = { "content-type": type };
    expect((await call("POST /v1/s/books", "{}", headers)).status).toBe(status);
  });

  it("is not read when its type is wrong", async () => {
    async function* unread(): AsyncGenerator<Uint8Array> {
      yield* [];
      throw new Error("was read");
    }
    expect((await call("POST /v1/s/books", unread(), { "content-type": "x/y" })).status).toBe(415);
    expect((await call("POST /v1/nothing/at/all", unread())).status).toBe(404);
  });
});

describe("raw JSON", () => {
  const source = '{ "n":1.10,\t"z" : 12345678901234567890123, "é":"\\u00e9\\/" ,"2":[],"1":null}';

  it("keeps its bytes, wherever it stands", async () => {
    const body = `{"data": ${source} ,"chapters":[{"data":${source}},{"many":[ 1e2 ,${source}]}],
      "byName":{"k":{"book":{"data":${source}}}},"epilogue":{"data":${source}}}`;
    const { status, text } = await call("POST /v1/s/books", body);
    expect(status).toBe(201);
    expect(text).toBe(
      `{"pageCount":0,"data":${source},"chapters":[{"data":${source}},{"many":[1e2,${source}]}],` +
        `"byName":{"k":{"book":{"pageCount":0,"data":${source}}}},"epilogue":{"data":${source}}}`,
    );
  });

  it("keeps its bytes in a oneof", async () => {
    const { text } = await call("POST /v1/s/books", `{"rest":${source}}`);
    expect(text).toBe(`{"pageCount":0,"rest":${source}}`);
  });

  it.each(["null", "true", "0", '""', "[]", '"AAAA"'])("may be %s", async (value) => {
    const { text } = await call("POST /v1/s/books", `{"data":${value}}`);
    expect(text).toBe(`{"pageCount":0,"data":${value}}`);
  });

  it("keeps any value's bytes", async () => {
    const anyJson = fc.tuple(fc.jsonValue(), fc.nat(3)).map(([value, indent]) => {
      return JSON.stringify(value, undefined, indent);
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyJson, { minLength: 1 }), async (values) => {
        const body = `{"chapters":[${values.map((it) => `{"data":${it}}`).join()}]}`;
        const { text } = await call("POST /v1/s/books", body);
        expect(text).toBe(`{"pageCount":0,${body.slice(1)}`);
      }),
    );
  });
});

describe("the field mask of a PATCH", () => {
  const maskOf = async (line: string, body: string) => {
    return JSON.parse((await call(line, body)).text).updateMask;
  };

  it("is the body's own keys when it is absent", async () => {
    const body = '{"title":"x","page_count":1,"time":null,"etag":"e","data":{"deep":1}}';
    expect(await maskOf("PATCH /v1/books/1", body)).toBe("title,pageCount,time,data");
  });

  it("is that of the query when it is there", async () => {
    expect(await maskOf("PATCH /v1/books/1?updateMask=title", '{"pageCount":1}')).toBe("title");
  });

  it("is empty for an empty body", async () => {
    expect(await maskOf("PATCH /v1/books/1", "{}")).toBe("");
  });
});

describe("the answer", () => {
  it("may be one field of the message", async () => {
    const { text } = await call("GET /v1/s/list");
    expect(text).toBe('[{"pageCount":0,"data":{ "a":1.0 }},{"pageCount":0}]');
  });

  it("of Empty is {}", async () => {
    expect((await call("DELETE /v1/s")).text).toBe("{}");
  });

  it("bears the request's id, or one of ours", async () => {
    const given = await call("DELETE /v1/s", "", { "x-request-id": "abc-1" });
    const bad = await call("DELETE /v1/s", "", { "x-request-id": "a b\n" });
    expect(given.headers["x-request-id"]).toBe("abc-1");
    expect(bad.headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ["limited", 429, 8, "LIMITED"],
    ["large", 413, 3, "TOO_LARGE"],
    ["conflict", 409, 10, "CONFLICT"],
    ["down", 503, 14, "UNAVAILABLE"],
  ])("to %s is %d", async (failure, status, code, reason) => {
    const answer = await call(`GET /v1/fail/${failure}`);
    const body = JSON.parse(answer.text);
    expect(answer.status).toBe(status);
    expect(body.code).toBe(code);
    expect(body.details[0]).toEqual({
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason,
      domain: "posthorn",
    });
  });

  it("says when to try again, in whole seconds and exactly", async () => {
    const { headers, text } = await call("GET /v1/fail/limited");
    expect(headers["retry-after"]).toBe("2");
    expect(JSON.parse(text).details[1]).toEqual({
      "@type": "type.googleapis.com/google.rpc.RetryInfo",
      retryDelay: "1.200s",
    });
  });

  it("tells nothing of a defect, which is logged, and no address", async () => {
    const defect = await call("GET /v1/fail/defect", "", { "x-request-id": "r1" });
    const down = await call("GET /v1/fail/down");
    const late = await call("GET /v1/fail/late");
    expect(JSON.parse(defect.text).message).toBe("internal error (request r1)");
    expect(JSON.stringify(logged)).toContain("r1");
    expect(down.text).not.toContain("10.0.0.7");
    expect(late.status).toBe(504);
  });

  it("to another method is 405 with those that are allowed", async () => {
    const { status, headers } = await call("PUT /v1/s/books");
    expect([status, headers["allow"]]).toEqual([405, "GET, HEAD, POST"]);
  });

  it("is a stream of lines, whose raw values have no line breaks", async () => {
    const { status, headers, text } = await call("GET /v1/s:watch");
    expect([status, headers["content-type"]]).toEqual([200, "application/x-ndjson"]);
    expect(text).toBe(
      '{"title":"one","pageCount":0,"data":{ "a":1}}\n{"title":"two","pageCount":0}\n',
    );
  });

  it("is server-sent events for whoever accepts them", async () => {
    const accept = { accept: "text/event-stream" };
    const { headers, text } = await call("GET /v1/s:watch", "", accept);
    expect(headers["content-type"]).toBe("text/event-stream");
    expect(text).toBe(
      'data: {"title":"one","pageCount":0,"data":{\ndata: "a":1}}\n\ndata: {"title":"two","pageCount":0}\n\n',
    );
  });

  it("ends a stream that breaks with the status", async () => {
    const { text } = await call("GET /v1/broken:watch");
    const last = JSON.parse(text.trim().split("\n").at(-1) ?? "");
    expect(last.error).toMatchObject({ code: 10, message: "read again" });
  });

  it("is bytes with their type where the message is HttpBody", async () => {
    expect(create(HttpBodySchema).contentType).toBe("");
    const { headers } = await call("POST /v1/s/files", "x");
    expect(headers["content-type"]).toBe("application/octet-stream");
  });
});
