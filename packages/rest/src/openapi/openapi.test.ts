import { describe, expect, it } from "vitest";
import { openapi } from "../index.ts";
import { type TestMethod, testSchema } from "../test-schema.ts";

const info = { title: "Library", version: "v1", description: "Books." };

const messages = {
  Book: {
    name: "string",
    page_count: "int32",
    size: "int64",
    data: "raw",
    color: "enum Color",
    authors: "repeated string",
    labels: "map string",
    next: "Book",
    time: "google.protobuf.Timestamp",
  },
  GetBook: { name: "string", filter: "Filter", tags: "repeated string" },
  Filter: { author: "string", inner: "Filter" },
  Change: { book: "Book", update_mask: "google.protobuf.FieldMask" },
};

function document(methods: Record<string, TestMethod>) {
  const enums = { Color: ["COLOR_UNSPECIFIED", "RED", "BLUE"] };
  const { service } = testSchema({ messages, enums, methods });
  // JSON on purpose: what is undefined must not be there.
  return JSON.parse(JSON.stringify(openapi([service], info)));
}

const get: TestMethod = {
  input: "GetBook",
  output: "Book",
  rule: { method: "GET", path: "/v1/books/{name}" },
};
const change: TestMethod = {
  input: "Change",
  output: "Book",
  rule: { method: "PATCH", path: "/v1/books/{book.name}", body: "book" },
  status: 202,
};

describe("openapi", () => {
  it("joins paths that differ in the names of their variables only", () => {
    const { paths } = document({ Change: change, Get: get });
    expect(Object.keys(paths)).toEqual(["/v1/books/{name}"]);
    expect(Object.keys(paths["/v1/books/{name}"])).toEqual(["patch", "get"]);
    expect(paths["/v1/books/{name}"].patch.parameters[0]).toMatchObject({
      name: "name",
      in: "path",
    });
  });

  it("lists what path and body leave as query parameters", () => {
    const { paths } = document({ Get: get, Change: change });
    const { get: reading, patch } = paths["/v1/books/{name}"];
    const names = ({ parameters }: { parameters: { in: string; name: string }[] }) =>
      parameters.map((it) => `${it.in} ${it.name}`);
    expect(names(reading)).toEqual([
      "path name",
      "query filter.author",
      "query filter.inner.author",
      "query tags",
    ]);
    expect(names(patch)).toEqual(["path name", "query updateMask"]);
  });

  it("describes messages as components, which may contain themselves", () => {
    const { components } = document({ Get: get });
    expect(components.schemas.Book).toEqual({
      type: "object",
      properties: {
        name: { type: "string" },
        pageCount: { type: "integer", format: "int32" },
        size: { type: "string", format: "int64" },
        data: {},
        color: { type: "string", enum: ["RED", "BLUE"] },
        authors: { type: "array", items: { type: "string" } },
        labels: { type: "object", additionalProperties: { type: "string" } },
        next: { $ref: "#/components/schemas/Book" },
        time: { type: "string", format: "date-time" },
      },
    });
  });

  it("gives each route of a method a name of its own, and its own status", () => {
    const { paths } = document({
      Change: {
        ...change,
        rule: {
          ...change.rule,
          path: "/a/{book.name}",
          also: [{ method: "POST", path: "/b", body: "*" }],
        },
      },
    });
    expect(paths["/a/{book.name}"].patch.operationId).toBe("change");
    expect(paths["/b"].post.operationId).toBe("change2");
    expect(Object.keys(paths["/b"].post.responses)).toEqual(["202", "default"]);
  });

  it("leaves what the path binds out of a body of all fields", () => {
    const { paths } = document({
      Move: {
        input: "GetBook",
        output: "Book",
        rule: { method: "POST", path: "/v1/{name}:move", body: "*" },
      },
    });
    const { schema } = paths["/v1/{name}:move"].post.requestBody.content["application/json"];
    expect(Object.keys(schema.properties)).toEqual(["filter", "tags"]);
  });

  it("fails on clashing rules", () => {
    expect(() => document({ Get: get, Again: get })).toThrow("both answer GET /v1/books/{name}");
  });
});
