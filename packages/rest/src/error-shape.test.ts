import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import { describe, expect, it } from "vitest";
import { type ErrorShape, errorShapes, restRoutes } from "./index.ts";
import { testCall } from "./test-call.ts";
import { testSchema } from "./test-schema.ts";

const messages = { Book: { id: "string", pages: "int32" } };

function library(...paths: string[]) {
  const methods = paths.map((path, index) => {
    const [method = "", template = ""] = path.split(" ");
    const rule = { method, path: template };
    return [`M${index}`, { input: "Book", output: "Book", rule }] as const;
  });
  return testSchema({ messages, methods: Object.fromEntries(methods) }).service;
}

const shouting: ErrorShape = ({ status, code, reason, message }) => ({
  no: [status, code, reason, message],
});

describe("errorShapes", () => {
  const ours = library("GET /v1/books", "GET /shared/books", "GET /{id=**}");
  const theirs = library("GET /hooks/{id}", "GET /shared/hooks", "POST /bare:verb");
  const routes = restRoutes([ours, theirs]);
  const shapeAt = errorShapes(routes, (service) => (service === theirs ? shouting : undefined));

  it.each([
    ["/hooks/1", shouting],
    ["/hooks", shouting],
    ["/hooks/", shouting],
    ["/hooks/1/unknown?query", shouting],
    ["/hooks?query", shouting],
    ["/h%6Foks/1", shouting],
    ["/bare:verb", shouting],
    ["/bare", shouting],
    ["/v1/books", undefined],
    ["/v1/unknown", undefined],
    ["/shared/hooks", undefined],
    ["/hooksand", undefined],
    ["/nothing/hooks", undefined],
    ["/", undefined],
    ["", undefined],
    ["/constructor", undefined],
  ])("at %s", (path, shape) => {
    expect(shapeAt(path)).toBe(shape);
  });
});

describe("a service with a shape of errors", () => {
  const service = library("GET /hooks/{id}");
  const logged: unknown[] = [];
  const failures: Record<string, () => Error> = {
    missing: () => toConnectError(new AppError("not_found", "no hook"), ""),
    limited: () => toConnectError(new AppError("limited", "slow", { retryAfterMs: 900 }), ""),
    strange: () => new ConnectError("other words", Code.OutOfRange),
    defect: () => new Error("the password is hunter2"),
  };
  const fail = ({ id }: { id: string }) => {
    throw failures[id]?.();
  };
  const log = { error: (...line: unknown[]) => logged.push(line) };
  const call = testCall(service, { m0: fail }, { log, errorShapeOf: () => shouting });

  it.each([
    ["GET /hooks/missing", 404, [404, Code.NotFound, "NOT_FOUND", "no hook"]],
    ["GET /hooks/strange", 400, [400, Code.OutOfRange, "", "other words"]],
    ["GET /hooks/1/no", 404, [404, Code.NotFound, "NOT_FOUND", "there is no such path"]],
    [
      "PUT /hooks/1",
      405,
      [405, Code.Unimplemented, "METHOD_NOT_ALLOWED", "this path does not take PUT"],
    ],
    [
      "GET /hooks/1?pages=x",
      400,
      [400, Code.InvalidArgument, "INVALID", "pages: must be a whole number of at most 32 bits"],
    ],
  ])("has it in the answer to %s", async (line, status, no) => {
    const answer = await call(line);
    expect([answer.status, answer.json]).toEqual([status, { no }]);
    expect(answer.headers["content-type"]).toBe("application/json");
  });

  it("keeps the headers of a refusal", async () => {
    expect((await call("GET /hooks/limited")).headers["retry-after"]).toBe("1");
    expect((await call("PUT /hooks/1")).headers["allow"]).toBe("GET, HEAD");
  });

  it("tells no more of a defect than the request's id", async () => {
    const answer = await call("GET /hooks/defect", "", { "x-request-id": "r7" });
    expect(answer.json).toEqual({ no: [500, Code.Internal, "", "internal error (request r7)"] });
    expect(JSON.stringify(logged)).toContain("r7");
  });

  it("leaves other paths google.rpc.Status", async () => {
    expect((await call("GET /other")).json).toMatchObject({ code: Code.NotFound });
  });
});
