import type { DescField } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type ErrorForm, type OpenapiInfo, openapi } from "../index.ts";
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
  Null: { error: "enum google.protobuf.NullValue" },
  Change: { book: "Book", update_mask: "google.protobuf.FieldMask" },
};

function document(methods: Record<string, TestMethod>, further: Partial<OpenapiInfo> = {}) {
  const enums = { Color: ["COLOR_UNSPECIFIED", "RED", "BLUE"] };
  const { service } = testSchema({ messages, enums, methods });
  // JSON on purpose: what is undefined must not be there.
  return JSON.parse(JSON.stringify(openapi([service], { ...info, ...further })));
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
    const { examples: _, ...schema } = components.schemas.Book;
    expect(schema).toEqual({
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
    expect(Object.keys(paths["/b"].post.responses)).toContain("202");
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

  it("fails on a further path that a rule has, too", () => {
    const paths = { "/v1/books/{name}": {} };
    expect(() => document({ Get: get }, { paths })).toThrow("/v1/books/{name} is given");
  });

  it("fails on clashing rules", () => {
    expect(() => document({ Get: get, Again: get })).toThrow("both answer GET /v1/books/{name}");
  });

  it("has an example of every message, ended where it holds itself", () => {
    const { components } = document({ Get: get });
    expect(components.schemas.Book.examples).toEqual([
      { pageCount: 1, size: "1", color: "RED", time: "2026-01-31T12:00:00Z" },
    ]);
  });

  it("takes examples from whoever knows the fields", () => {
    const exampleOf = ({ name }: DescField) => ({ name: "Emma", author: "Jane" })[name];
    const isLeftOut = ({ name }: DescField) => name === "time";
    const { paths, components } = document(
      {
        Get: get,
        Change: change,
        Filter: { ...get, rule: { method: "POST", path: "/f", body: "filter" } },
      },
      { exampleOf, isLeftOut },
    );
    const { get: reading, patch } = paths["/v1/books/{name}"];
    expect(components.schemas.Book.examples[0].name).toBe("Emma");
    expect(components.schemas.Book.examples[0].time).toBeUndefined();
    expect(reading.parameters[0].example).toBe("Emma");
    expect(patch.requestBody.content["application/json"].example).toBeUndefined();
    const filter = paths["/f"].post.requestBody.content["application/json"];
    expect(filter.example).toEqual({ author: "Jane" });
  });

  it("lists what may be refused, with the body that it has", () => {
    const { paths, components } = document({ Get: get, Change: change });
    const { get: reading, patch } = paths["/v1/books/{name}"];
    expect(Object.keys(reading.responses)).toEqual(["200", "400", "404", "503", "default"]);
    expect(Object.keys(patch.responses)).toEqual(
      expect.arrayContaining(["202", "409", "413", "415"]),
    );
    expect(reading.responses["404"]).toEqual({ $ref: "#/components/responses/NotFound" });
    const { schema, example } = components.responses.NotFound.content["application/json"];
    expect(schema).toEqual({ $ref: "#/components/schemas/Status" });
    expect(example).toMatchObject({ code: 5, details: [{ reason: "NOT_FOUND" }] });
    expect(components.responses.Limited.headers).toHaveProperty("retry-after");
  });

  it("shows the errors of a service in its own form", () => {
    const form: ErrorForm = {
      name: "Oops",
      schema: { type: "object" },
      shape: ({ message }) => ({ oops: message }),
    };
    const { paths, components } = document({ Get: get }, { errorFormOf: () => form });
    const response = paths["/v1/books/{name}"].get.responses["404"];
    expect(response).toEqual({ $ref: "#/components/responses/OopsNotFound" });
    const { schema, example } = components.responses.OopsNotFound.content["application/json"];
    expect(schema).toEqual({ $ref: "#/components/schemas/Oops" });
    expect(Object.keys(example)).toEqual(["oops"]);
  });

  it("has no body for 204, null for NullValue, and any type for HttpBody", () => {
    const empty = "google.protobuf.Empty";
    const bytes = "google.api.HttpBody";
    const { paths, components } = document({
      Delete: {
        input: "GetBook",
        output: empty,
        rule: { method: "DELETE", path: "/d" },
        status: 204,
      },
      Null: { input: "GetBook", output: "Null", rule: { method: "GET", path: "/n" } },
      Send: { input: bytes, output: bytes, rule: { method: "POST", path: "/s", body: "*" } },
    });
    expect(paths["/d"].delete.responses["204"]).not.toHaveProperty("content");
    expect(components.schemas.Null.properties.error).toEqual({ type: "null" });
    expect(components.schemas.Null.examples).toEqual([{ error: null }]);
    expect(paths["/s"].post.requestBody.content).toEqual({ "*/*": {} });
    expect(paths["/s"].post.responses["200"].content).toEqual({ "*/*": {} });
  });

  it("leaves out what OpenAPI has no method for", () => {
    const rule = (method: string) => ({ ...get, rule: { method, path: "/x" } });
    const { paths } = document({ Any: rule("*"), Purge: rule("PURGE"), Options: rule("OPTIONS") });
    expect(Object.keys(paths["/x"])).toEqual(["options"]);
  });

  it("writes literals as a path has them, and streams as lines", () => {
    const { paths } = document({
      Send: {
        input: "Filter",
        output: "Book",
        rule: { method: "POST", path: "/caf%C3%A9/a@b:%2a", body: "*" },
        clientStreaming: true,
        serverStreaming: true,
      },
    });
    const { post } = paths["/caf%C3%A9/a@b:*"];
    expect(Object.keys(post.requestBody.content)).toEqual(["application/x-ndjson"]);
    expect(Object.keys(post.responses["200"].content)).toContain("application/x-ndjson");
  });
});
