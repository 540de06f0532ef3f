import { create, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { messageWriter } from "./json-writer.ts";
import { testSchema } from "./test-schema.ts";

const { message } = testSchema({
  enums: { Color: ["COLOR_UNSPECIFIED", "RED", "BLUE"] },
  messages: {
    All: {
      a_text: "string",
      some_bytes: "bytes",
      truth: "bool",
      small: "int32",
      large: "int64",
      unsigned_large: "uint64",
      real: "double",
      color: "enum Color",
      colors: "repeated enum Color",
      texts: "repeated string",
      numbers: "repeated int64",
      by_name: "map string",
      inner_by_name: "map Inner",
      inner: "Inner",
      inners: "repeated Inner",
      maybe: "optional int32",
      maybe_text: "optional string",
      time: "google.protobuf.Timestamp",
      wait: "google.protobuf.Duration",
      waits: "repeated google.protobuf.Duration",
      mask: "google.protobuf.FieldMask",
      wrapped: "google.protobuf.StringValue",
      wrapped_number: "google.protobuf.Int64Value",
      struct: "google.protobuf.Struct",
      value: "google.protobuf.Value",
      nothing: "google.protobuf.Empty",
      chosen_text: "oneof string",
      chosen_inner: "oneof Inner",
      again: "All",
    },
    Inner: { name: "string", data: "raw", many: "repeated raw", named: "map raw" },
    Frame: { data: "repeated Inner", error: "enum google.protobuf.NullValue", note: "string" },
    Page: { items: "repeated Inner", other: "string", next_page_token: "string" },
  },
  methods: {},
});

function write(name: string, json: JsonValue): string {
  return messageWriter(message(name))(fromJson(message(name), json));
}

const full: JsonValue = {
  aText: 'quote " and \\ and \u2028 and é',
  someBytes: "/+8=",
  truth: true,
  small: -1,
  large: "-9223372036854775808",
  unsignedLarge: "18446744073709551615",
  real: 1.5,
  color: "BLUE",
  colors: ["RED", "COLOR_UNSPECIFIED"],
  texts: ["a", ""],
  numbers: ["1", "2"],
  byName: { "a b": "c", "": "d" },
  innerByName: { x: { name: "y" } },
  inner: { name: "z" },
  inners: [{ name: "1" }, {}],
  maybe: 0,
  maybeText: "",
  time: "2026-01-31T12:00:00.123Z",
  wait: "1.500s",
  waits: ["1s", "0.200s"],
  mask: "name,retryPolicy.delays",
  wrapped: "",
  wrappedNumber: "7",
  struct: { a: [1, null, { b: "c" }] },
  value: null,
  nothing: {},
  chosenText: "",
  again: { small: 5, again: { truth: true } },
};

/** What protobuf-es writes, with the zero numbers and booleans that we do not leave out. */
function withZeros(name: string, json: JsonValue): JsonValue {
  const desc = message(name);
  return toJson(desc, fromJson(desc, json));
}

describe("messageWriter", () => {
  it("writes ProtoJSON", () => {
    const zeros = { truth: false, small: 0, large: "0", unsignedLarge: "0", real: 0 };
    const expected = withZeros("All", full) as { again: { again: object } };
    expected.again = { ...zeros, ...expected.again, again: { ...zeros, truth: true } };
    expect(JSON.parse(write("All", full))).toEqual(expected);
  });

  it("has numbers and booleans that are zero, and no empty texts, lists, maps and enums", () => {
    expect(write("All", {})).toBe(
      '{"truth":false,"small":0,"large":"0","unsignedLarge":"0","real":0}',
    );
  });

  it("has a page's list and token although they are empty", () => {
    expect(write("Page", {})).toBe('{"items":[],"nextPageToken":""}');
  });

  it("has a list that stands beside a null although it is empty", () => {
    expect(write("Frame", {})).toBe('{"data":[],"error":null}');
  });

  it("writes special numbers as texts and unknown enum values as numbers", () => {
    expect(write("All", { real: "NaN" })).toContain('"real":"NaN"');
    expect(write("All", { real: "-Infinity" })).toContain('"real":"-Infinity"');
    expect(write("All", { color: 7 })).toContain('"color":7');
  });

  it("lets raw JSON stand as it is, alone, in lists and in maps", () => {
    const bytes = (text: string) => new TextEncoder().encode(text);
    const inner = create(message("Inner"), {
      data: bytes('{ "n": 1.10,\n"é":"\\u00e9" }'),
      many: [bytes("1e2"), bytes("null")],
      named: { a: bytes("[ ]") },
    });
    expect(messageWriter(message("Inner"))(inner)).toBe(
      '{"data":{ "n": 1.10,\n"é":"\\u00e9" },"many":[1e2,null],"named":{"a":[ ]}}',
    );
  });
});
