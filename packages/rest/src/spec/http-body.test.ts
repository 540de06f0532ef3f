import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyPack, DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { type HttpBody, HttpBodySchema } from "@posthorn/proto/google/api/httpbody";
import { describe, expect, it } from "vitest";
import { testCall } from "../test-call.ts";
import { type TestMethod, testSchema } from "../test-schema.ts";

const httpBody = "google.api.HttpBody";

const method = (
  [line = "", body = "", responseBody = ""]: string[],
  input: string,
  output: string,
  streaming: Partial<TestMethod> = {},
): TestMethod => {
  const [verb = "", path = ""] = line.split(" ");
  return { rule: { method: verb, path, body, responseBody }, input, output, ...streaming };
};

const both = { clientStreaming: true, serverStreaming: true };

const { service, message } = testSchema({
  messages: {
    File: { name: "string", size: "int32", file: httpBody, chosen: `oneof ${httpBody}` },
    Line: { name: "string", text: "string", count: "int32", data: "raw" },
    Lines: { lines: "repeated Line" },
    Holder: { any: "google.protobuf.Any", anys: "repeated google.protobuf.Any" },
  },
  methods: {
    Whole: method(["POST /whole", "*"], httpBody, httpBody),
    Field: method(["POST /field/{name}", "file", "file"], "File", "File"),
    InOneof: method(["POST /oneof/{name}", "chosen", "chosen"], "File", "File"),
    Absent: method(["GET /absent", "", "file"], "File", "File"),
    Download: method(["GET /files/{name}", ""], "File", httpBody, { serverStreaming: true }),
    Part: method(["GET /parts/{name}", "", "file"], "File", "File", { serverStreaming: true }),
    Upload: method(["POST /files/{name}", "file"], "File", "Lines", { clientStreaming: true }),
    Send: method(["POST /lines/{name}", "*"], "Line", "Lines", { clientStreaming: true }),
    Field2: method(["POST /bare/{name}", "text"], "Line", "Lines", { clientStreaming: true }),
    None: method(["POST /none/{name}"], "Line", "Lines", { clientStreaming: true }),
    Chat: method(["POST /chat/{name}", "*"], "Line", "Line", both),
    Silent: method(["POST /silent", "*"], "Line", "Line", { clientStreaming: true }),
    Watch: method(["GET /watch/{name}", "", "count"], "Line", "Line", { serverStreaming: true }),
    Hold: method(["GET /hold"], "Line", "Holder"),
  },
});

type File = MessageShape<DescMessage> & { name: string; file?: HttpBody };
type Line = MessageShape<DescMessage> & { name: string; text: string; count: number };

const bytes = (text: string) => new TextEncoder().encode(text);
const piece = (text: string, contentType = "") => {
  return create(HttpBodySchema, { contentType, data: bytes(text) });
};
const broken = new ConnectError("read again", Code.Aborted);
const ends: string[] = [];

async function gathered(lines: AsyncIterable<Line>) {
  const all: Line[] = [];
  for await (const line of lines) all.push(line);
  return create(message("Lines"), { lines: all });
}

const echo = (request: unknown) => request;
const call = testCall(
  service,
  {
    whole: echo,
    field: echo,
    inOneof: echo,
    absent: echo,
    async *download({ name }: File) {
      if (name === "missing") throw new ConnectError("no file", Code.NotFound);
      if (name === "empty") return;
      yield piece("a,b\n", "text/csv");
      if (name === "broken") throw broken;
      yield piece("c", "text/ignored");
    },
    async *part({ name }: File) {
      yield create(message("File"), { name, file: piece("1", "text/plain") });
      yield create(message("File"), { name });
      yield create(message("File"), { name, file: piece("2") });
    },
    async upload(files: AsyncIterable<File>) {
      const lines: Line[] = [];
      for await (const { name, file } of files) {
        const text = `${file?.contentType}:${Buffer.from(file?.data ?? []).toString()}`;
        lines.push(create(message("Line"), { name, text }) as Line);
      }
      return create(message("Lines"), { lines });
    },
    send: gathered,
    field2: gathered,
    none: gathered,
    async *chat(lines: AsyncIterable<Line>) {
      for await (const line of lines) yield line;
    },
    async silent() {
      throw new ConnectError("not now", Code.FailedPrecondition);
    },
    async *watch(_: Line, { signal }: { signal: AbortSignal }) {
      signal.addEventListener("abort", () => ends.push("watch"));
      yield create(message("Line"), { count: 1 });
      yield create(message("Line"), { count: 2 });
    },
    hold: () => {
      const inner = create(message("Line"), { text: "x", data: bytes('{ "n":1.0 }') });
      return create(message("Holder"), {
        any: anyPack(message("Line"), inner),
        anys: [anyPack(DurationSchema, create(DurationSchema, { seconds: 2n }))],
      });
    },
  },
  { bodyBytesMax: 1_000 },
);

async function* chunks(...texts: string[]) {
  for (const text of texts) yield bytes(text);
}

const csv = { "content-type": "text/csv; charset=utf-8" };

describe("google.api.HttpBody", () => {
  it.each([
    ["the whole request and answer", "POST /whole"],
    ["one field of each", "POST /field/x"],
    ["one field in a oneof", "POST /oneof/x"],
  ])("is the bytes of any type as %s", async (_, line) => {
    const { status, headers, text } = await call(line, "a: [", csv);
    expect([status, headers["content-type"], text]).toEqual([200, csv["content-type"], "a: ["]);
  });

  it("leaves other fields to path and query", async () => {
    expect((await call("POST /field/x?size=3", "a", csv)).text).toBe("a");
    expect((await call("POST /field/x?size=y", "a", csv)).status).toBe(400);
    expect((await call("POST /field/x?file.data=YQ", "a", csv)).status).toBe(400);
  });

  it("is no bytes when it is absent", async () => {
    const { headers, text } = await call("GET /absent");
    expect([headers["content-type"], text]).toEqual(["application/octet-stream", ""]);
  });

  it("has a limit", async () => {
    expect((await call("POST /whole", "a".repeat(1_001))).status).toBe(413);
  });
});

describe("a stream of HttpBody answers", () => {
  it("is one body of the first one's type", async () => {
    const { status, headers, text } = await call("GET /files/x");
    expect([status, headers["content-type"], text]).toEqual([200, "text/csv", "a,b\nc"]);
    const part = await call("GET /parts/x");
    expect([part.headers["content-type"], part.text]).toEqual(["text/plain", "12"]);
  });

  it("may be empty", async () => {
    const { status, headers, text } = await call("GET /files/empty");
    expect([status, headers["content-type"], text]).toEqual([200, "application/octet-stream", ""]);
  });

  it("is a refusal when it fails before the first", async () => {
    expect((await call("GET /files/missing")).status).toBe(404);
  });

  it("breaks off when it fails later, so that no part is taken for the whole", async () => {
    await expect(call("GET /files/broken")).rejects.toThrow("read again");
  });
});

describe("a stream of HttpBody requests", () => {
  it("is the body's pieces as they come, each with what the path binds", async () => {
    const { json } = await call("POST /files/x", chunks("a", "b"), { "content-type": "text/a" });
    expect(json).toMatchObject({
      lines: [
        { name: "x", text: "text/a:a" },
        { name: "x", text: "text/a:b" },
      ],
    });
  });

  it("has one request when the body is empty", async () => {
    const { json } = await call("POST /files/x", chunks());
    expect(json).toMatchObject({ lines: [{ name: "x" }] });
  });
});

describe("a stream of JSON requests", () => {
  const ndjson = { "content-type": "application/x-ndjson" };

  it.each([
    ["in one piece", ['{"text":"a"}\n{"text":"b"}\n']],
    ["cut anywhere", ['{"te', 'xt":"a"}\n{"text', '":"b"', "}", "\n"]],
    ["without a last line break", ['{"text":"a"}\n{"text":"b"}']],
    ["with blank lines and line breaks of two characters", ['{"text":"a"}\r\n\r\n \n{"text":"b"}']],
  ])("is a request a line, %s", async (_, texts) => {
    const { status, json } = await call("POST /lines/x?", chunks(...texts), ndjson);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      lines: [
        { name: "x", text: "a" },
        { name: "x", text: "b" },
      ],
    });
  });

  it("may be of one field, and of bytes as they came", async () => {
    const { json } = await call("POST /bare/x?count=3", '"a"\n"b"');
    expect(json).toMatchObject({
      lines: [
        { text: "a", count: 3 },
        { text: "b", count: 3 },
      ],
    });
    const { text } = await call("POST /lines/x", '{"data":{ "n":1.0 }}');
    expect(text).toContain('"data":{ "n":1.0 }');
  });

  it("is one request where there is no body", async () => {
    expect((await call("POST /none/x?text=a")).json).toMatchObject({ lines: [{ text: "a" }] });
    expect((await call("POST /none/x", "{}")).status).toBe(400);
  });

  it("is empty without a line", async () => {
    expect((await call("POST /lines/x", "\n")).text).toBe("{}");
  });

  it("is refused for what is wrong with one of them", async () => {
    const { status, json } = await call("POST /lines/x", '{"text":"a"}\n{"texts":1}\n');
    expect(status).toBe(400);
    expect(json).toMatchObject({
      details: [{}, { fieldViolations: [{ field: "texts", description: "unknown field" }] }],
    });
  });

  it("has a limit for each line, and none for all", async () => {
    const line = `{"text":"${"a".repeat(700)}"}\n`;
    expect((await call("POST /lines/x", chunks(line, line, line))).status).toBe(200);
    expect((await call("POST /lines/x", chunks("a".repeat(700), "a".repeat(700)))).status).toBe(
      413,
    );
  });

  it("is not of any other type", async () => {
    const yaml = { "content-type": "application/yaml" };
    expect((await call("POST /lines/x", "text: a", yaml)).status).toBe(415);
  });

  it("may be refused before it ends", async () => {
    const { status, json } = await call("POST /silent", '{"text":"a"}\n');
    expect([status, json]).toEqual([400, expect.objectContaining({ message: "not now" })]);
  });
});

describe("streams of both", () => {
  it("answer line by line", async () => {
    const { headers, text } = await call("POST /chat/x", '{"text":"a"}\n{"text":"b"}\n');
    expect(headers["content-type"]).toBe("application/x-ndjson");
    expect(text).toBe('{"name":"x","text":"a","count":0}\n{"name":"x","text":"b","count":0}\n');
  });

  it("are refused for what is wrong with the first request", async () => {
    const { status, text } = await call("POST /chat/x", "{]");
    expect([status, text.includes("invalid_json")]).toEqual([400, true]);
  });

  it("end with what is wrong with a later one", async () => {
    const { text } = await call("POST /chat/x", '{"text":"a"}\n{]');
    const last = JSON.parse(text.trim().split("\n").at(-1) ?? "");
    expect(last).toMatchObject({ error: { code: Code.InvalidArgument } });
  });
});

describe("a stream of answers", () => {
  it("may be one field of each message", async () => {
    expect((await call("GET /watch/x")).text).toBe("1\n2\n");
  });

  it("has no messages for HEAD, and ends", async () => {
    const { status, headers, text } = await call("HEAD /watch/x");
    expect([status, headers["content-type"], text]).toEqual([200, "application/x-ndjson", ""]);
    expect(ends).toContain("watch");
  });
});

describe("google.protobuf.Any", () => {
  it("stands with its type, and keeps raw JSON", async () => {
    const { text } = await call("GET /hold");
    expect(text).toBe(
      '{"any":{"@type":"type.googleapis.com/test.Line","text":"x","count":0,"data":{ "n":1.0 }},' +
        '"anys":[{"@type":"type.googleapis.com/google.protobuf.Duration","value":"2s"}]}',
    );
  });
});
