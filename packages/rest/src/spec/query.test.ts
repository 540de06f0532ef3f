import { describe, expect, it } from "vitest";
import { testCall } from "../test-call.ts";
import { testSchema } from "../test-schema.ts";

const wkt = (name: string) => `google.protobuf.${name}`;

const { service } = testSchema({
  enums: { Color: ["COLOR_UNSPECIFIED", "RED", "BLUE"] },
  messages: {
    All: {
      a_double: "double",
      a_float: "float",
      an_int32: "int32",
      an_int64: "int64",
      a_uint32: "uint32",
      a_uint64: "uint64",
      a_sint32: "sint32",
      a_sint64: "sint64",
      a_fixed32: "fixed32",
      a_fixed64: "fixed64",
      a_sfixed32: "sfixed32",
      a_sfixed64: "sfixed64",
      a_bool: "bool",
      a_string: "string",
      some_bytes: "bytes",
      color: "enum Color",
      raw: "raw",
      maybe: "optional int32",
      maybe_text: "optional string",
      time: wkt("Timestamp"),
      wait: wkt("Duration"),
      mask: wkt("FieldMask"),
      double_value: wkt("DoubleValue"),
      float_value: wkt("FloatValue"),
      int32_value: wkt("Int32Value"),
      int64_value: wkt("Int64Value"),
      uint32_value: wkt("UInt32Value"),
      uint64_value: wkt("UInt64Value"),
      bool_value: wkt("BoolValue"),
      string_value: wkt("StringValue"),
      bytes_value: wkt("BytesValue"),
      struct: wkt("Struct"),
      value: wkt("Value"),
      list_value: wkt("ListValue"),
      any: wkt("Any"),
      empty: wkt("Empty"),
      nothing: `enum ${wkt("NullValue")}`,
      inner: "Inner",
      chosen_text: "oneof string",
      chosen_inner: "oneof Inner",
    },
    Many: {
      texts: "repeated string",
      numbers: "repeated int64",
      colors: "repeated enum Color",
      times: `repeated ${wkt("Timestamp")}`,
      wrapped: `repeated ${wkt("BoolValue")}`,
      values: `repeated ${wkt("Value")}`,
      raws: "repeated raw",
      truths: "repeated bool",
      inners: "repeated Inner",
      by_name: "map string",
    },
    Inner: { name: "string", inner: "Inner", page_count: "int32" },
    Bound: { book: "Inner", name: "string", other: "string" },
  },
  methods: {
    All: { input: "All", output: "All", rule: { method: "GET", path: "/all" } },
    Many: { input: "Many", output: "Many", rule: { method: "GET", path: "/many" } },
    Bound: { input: "Bound", output: "Bound", rule: { method: "GET", path: "/in/{book.name}" } },
    Body: {
      input: "Bound",
      output: "Bound",
      rule: { method: "POST", path: "/body/{name}", body: "book" },
    },
    Whole: {
      input: "Bound",
      output: "Bound",
      rule: { method: "POST", path: "/whole/{name}", body: "*" },
    },
  },
});

const echo = (request: unknown) => request;
const call = testCall(service, { all: echo, many: echo, bound: echo, body: echo, whole: echo });

async function problems(line: string, body = "") {
  const { status, json } = await call(line, body);
  const { details } = json as { details: { fieldViolations?: object[] }[] };
  return { status, fields: details.flatMap((it) => it.fieldViolations ?? []) };
}

describe("a scalar in the query", () => {
  it.each([
    ["aDouble=1.5", { aDouble: 1.5 }],
    ["aDouble=-1e300", { aDouble: -1e300 }],
    ["aDouble=NaN", { aDouble: "NaN" }],
    ["aDouble=-Infinity", { aDouble: "-Infinity" }],
    ["aFloat=0.5", { aFloat: 0.5 }],
    ["anInt32=-2147483648", { anInt32: -2147483648 }],
    ["anInt32=1e3", { anInt32: 1000 }],
    ["anInt32=7.0", { anInt32: 7 }],
    ["anInt64=-9223372036854775808", { anInt64: "-9223372036854775808" }],
    ["aUint32=4294967295", { aUint32: 4294967295 }],
    ["aUint64=18446744073709551615", { aUint64: "18446744073709551615" }],
    ["aSint32=-1", { aSint32: -1 }],
    ["aSint64=-1", { aSint64: "-1" }],
    ["aFixed32=1", { aFixed32: 1 }],
    ["aFixed64=1", { aFixed64: "1" }],
    ["aSfixed32=-1", { aSfixed32: -1 }],
    ["aSfixed64=-1", { aSfixed64: "-1" }],
    ["aBool=true", { aBool: true }],
    ["aString=a+b%20c%2Bd%26e", { aString: "a b c+d&e" }],
    ["aString=%F0%9F%93%9A", { aString: "📚" }],
    ["aString=1", { aString: "1" }],
    ["someBytes=_-8", { someBytes: "/+8=" }],
    ["someBytes=%2F%2B8%3D", { someBytes: "/+8=" }],
    ["color=BLUE", { color: "BLUE" }],
    ["color=2", { color: "BLUE" }],
    ["maybe=0", { maybe: 0 }],
    ["maybeText=", { maybeText: "" }],
    ["maybeText", { maybeText: "" }],
    ["raw=%7B%22n%22:1.10%7D", { raw: { n: 1.1 } }],
  ])("%s is its field", async (query, fields) => {
    const { status, json } = await call(`GET /all?${query}`);
    expect(status).toBe(200);
    expect(json).toMatchObject(fields);
  });

  it("keeps the exact text of a raw value", async () => {
    expect((await call("GET /all?raw=%7B%22n%22:1.10%7D")).text).toContain('"raw":{"n":1.10}');
  });

  const anyNumber = "must be a number";
  const whole32 = "must be a whole number of at most 32 bits";
  const whole64 = "must be a whole number of at most 64 bits";
  const unsigned32 = "must be a whole number from 0 to 4294967295";
  const unsigned64 = "must be a whole number of at most 64 bits, from 0 on";

  it.each([
    ["aDouble=1e400", "aDouble", anyNumber],
    ["aDouble=0x10", "aDouble", anyNumber],
    ["aDouble=", "aDouble", anyNumber],
    ["aFloat=1e39", "aFloat", anyNumber],
    ["anInt32=2147483648", "anInt32", whole32],
    ["anInt32=1.5", "anInt32", whole32],
    ["anInt32=%2B5", "anInt32", whole32],
    ["anInt32=1_000", "anInt32", whole32],
    ["anInt64=9223372036854775808", "anInt64", whole64],
    ["aUint32=-1", "aUint32", unsigned32],
    ["aUint32=4294967296", "aUint32", unsigned32],
    ["aUint64=-1", "aUint64", unsigned64],
    ["aUint64=18446744073709551616", "aUint64", unsigned64],
    ["aSint64=x", "aSint64", whole64],
    ["aFixed32=-1", "aFixed32", unsigned32],
    ["aBool=1", "aBool", "must be true or false"],
    ["aBool=TRUE", "aBool", "must be true or false"],
    ["someBytes=%21", "someBytes", "must be a text in base64"],
    ["color=GREEN", "color", "must be one of RED, BLUE"],
    ["color=red", "color", "must be one of RED, BLUE"],
    ["color=99999999999", "color", "must be one of RED, BLUE"],
    ["raw=%7B", "raw", "must be JSON"],
    ["raw=", "raw", "must be JSON"],
  ])("%s is refused, naming it", async (query, field, description) => {
    expect(await problems(`GET /all?${query}`)).toEqual({
      status: 400,
      fields: [{ field, description }],
    });
  });
});

describe("a well-known type in the query", () => {
  it.each([
    ["time=2026-01-31T12:00:00.5%2B01:00", { time: "2026-01-31T11:00:00.500Z" }],
    ["wait=-1.5s", { wait: "-1.500s" }],
    ["mask=name,innerText.pageCount", { mask: "name,innerText.pageCount" }],
    ["mask=", { mask: "" }],
    ["doubleValue=0", { doubleValue: 0 }],
    ["doubleValue=Infinity", { doubleValue: "Infinity" }],
    ["floatValue=0.25", { floatValue: 0.25 }],
    ["int32Value=0", { int32Value: 0 }],
    ["int64Value=7", { int64Value: "7" }],
    ["uint32Value=7", { uint32Value: 7 }],
    ["uint64Value=7", { uint64Value: "7" }],
    ["boolValue=false", { boolValue: false }],
    ["stringValue=", { stringValue: "" }],
    ["stringValue=null", { stringValue: "null" }],
    ["bytesValue=AA", { bytesValue: "AA==" }],
    ["struct=%7B%22a%22:%5B1%5D%7D", { struct: { a: [1] } }],
    ["value=null", { value: null }],
    ["value=%22text%22", { value: "text" }],
    ["value=%5B1,true%5D", { value: [1, true] }],
    ["listValue=%5B1,%22a%22%5D", { listValue: [1, "a"] }],
    [
      "any=%7B%22@type%22:%22type.googleapis.com/test.Inner%22,%22name%22:%22x%22%7D",
      { any: { "@type": "type.googleapis.com/test.Inner", name: "x" } },
    ],
    [
      "any=%7B%22@type%22:%22type.googleapis.com/google.protobuf.Duration%22,%22value%22:%221s%22%7D",
      { any: { "@type": "type.googleapis.com/google.protobuf.Duration", value: "1s" } },
    ],
    ["empty=%7B%7D", { empty: {} }],
    ["nothing=null", { nothing: null }],
    ["nothing=NULL_VALUE", { nothing: null }],
  ])("%s is its field", async (query, fields) => {
    const { status, json } = await call(`GET /all?${query}`);
    expect(status).toBe(200);
    expect(json).toMatchObject(fields);
  });

  const time = "must be an RFC 3339 time with a zone, such as 2026-01-31T12:00:00Z";
  const known = "must be an object with the @type of a message that is known here";

  it.each([
    ["time=2026-01-31", "time", time],
    ["time=2026-01-31T12:00:00", "time", time],
    ["wait=1m", "wait", 'must be a duration in seconds, such as "1.5s"'],
    ["int32Value=x", "int32Value", "must be a whole number of at most 32 bits"],
    ["uint64Value=-1", "uint64Value", "must be a whole number of at most 64 bits, from 0 on"],
    ["boolValue=yes", "boolValue", "must be true or false"],
    ["bytesValue=%21", "bytesValue", "must be a text in base64"],
    ["struct=%5B%5D", "struct", "must be an object"],
    ["struct=x", "struct", "must be an object"],
    ["value=x", "value", "must be JSON"],
    ["value=%7B%22a%22:1,%22a%22:2%7D", "value", "must be JSON"],
    ["listValue=%7B%7D", "listValue", "must be a list"],
    ["any=%7B%22@type%22:%22type.googleapis.com/test.None%22%7D", "any", known],
    ["empty=%7B%22a%22:1%7D", "empty", "must be an object"],
    ["nothing=0.5", "nothing", "must be null"],
  ])("%s is refused, naming it", async (query, field, description) => {
    expect(await problems(`GET /all?${query}`)).toEqual({
      status: 400,
      fields: [{ field, description }],
    });
  });

  it.each(["time.seconds=1", "stringValue.value=x", "struct.fields=x", "value.numberValue=1"])(
    "%s leads into it, and is unknown",
    async (query) => {
      const [field] = query.split("=");
      expect(await problems(`GET /all?${query}`)).toEqual({
        status: 400,
        fields: [{ field, description: "unknown query parameter" }],
      });
    },
  );
});

describe("a repeated field in the query", () => {
  it.each([
    ["texts=a&texts=&texts=b,c", { texts: ["a", "", "b,c"] }],
    ["numbers=1&numbers=2", { numbers: ["1", "2"] }],
    ["colors=RED&colors=2", { colors: ["RED", "BLUE"] }],
    ["times=2026-01-31T12:00:00Z", { times: ["2026-01-31T12:00:00Z"] }],
    ["wrapped=true&wrapped=false", { wrapped: [true, false] }],
    ["values=1&values=null", { values: [1, null] }],
    ["raws=1&raws=%7B%7D", { raws: [1, {}] }],
    ["texts=a&numbers=1&texts=b", { texts: ["a", "b"], numbers: ["1"] }],
  ])("%s is a list in that order", async (query, fields) => {
    expect((await call(`GET /many?${query}`)).json).toEqual(fields);
  });

  it.each([
    ["numbers=1&numbers=x", "numbers", "must be a whole number of at most 64 bits"],
    ["texts%5B%5D=a", "texts[]", "unknown query parameter"],
    ["texts%5B0%5D=a", "texts[0]", "unknown query parameter"],
    ["inners=%7B%7D", "inners", "unknown query parameter"],
    ["inners.name=x", "inners.name", "unknown query parameter"],
    ["byName=x", "byName", "unknown query parameter"],
    ["byName%5Ba%5D=x", "byName[a]", "unknown query parameter"],
    ["byName.a=x", "byName.a", "unknown query parameter"],
  ])("%s is refused: it is no list of scalars", async (query, field, description) => {
    expect(await problems(`GET /many?${query}`)).toEqual({
      status: 400,
      fields: [{ field, description }],
    });
  });
});

describe("a message in the query", () => {
  it("has a parameter for each of its fields, at any depth", async () => {
    const { json } = await call("GET /all?inner.name=a&inner.inner.pageCount=2&inner.page_count=1");
    expect(json).toMatchObject({ inner: { name: "a", pageCount: 1, inner: { pageCount: 2 } } });
  });

  it("of a depth without end is refused", async () => {
    const { status } = await call(`GET /all?${"inner.".repeat(2_000)}name=a`);
    expect(status).toBe(400);
  });

  it("is no parameter itself", async () => {
    expect((await problems("GET /all?inner=x")).fields).toEqual([
      { field: "inner", description: "unknown query parameter" },
    ]);
  });

  it("may have one field from the path and others from the query", async () => {
    const { json } = await call("GET /in/x?book.pageCount=2&other=y");
    expect(json).toEqual({ book: { name: "x", pageCount: 2 }, other: "y" });
  });
});

describe("a parameter's name", () => {
  it.each(["aString=x", "a_string=x", "%61String=x"])("may be written %s", async (query) => {
    expect((await call(`GET /all?${query}`)).json).toMatchObject({ aString: "x" });
  });

  it.each([
    ["aString=x&aString=y", "aString", "is given twice"],
    ["aString=x&a_string=y", "aString", "is given twice, under two names"],
    ["inner.pageCount=1&inner.page_count=1", "inner.pageCount", "is given twice, under two names"],
    ["chosenText=x&chosenInner.name=y", "chosenInner", "may not be given together with chosenText"],
    ["AString=x", "AString", "unknown query parameter"],
    ["a_String=x", "a_String", "unknown query parameter"],
    ["constructor=x", "constructor", "unknown query parameter"],
    ["inner.=x", "inner.", "unknown query parameter"],
  ])("in %s is refused", async (query, field, description) => {
    expect(await problems(`GET /all?${query}`)).toEqual({
      status: 400,
      fields: [{ field, description }],
    });
  });

  it("is unknown when the path binds the field", async () => {
    expect((await problems("GET /in/x?book.name=y")).fields).toEqual([
      { field: "book.name", description: "unknown query parameter" },
    ]);
  });

  it("is unknown when the body is the field, or all fields", async () => {
    expect((await problems("POST /body/x?book.name=y", "{}")).fields).toHaveLength(1);
    expect((await problems("POST /whole/x?other=y", "{}")).fields).toHaveLength(1);
    expect((await call("POST /body/x?other=y", "{}")).json).toMatchObject({ other: "y" });
  });

  it("may not be empty", async () => {
    expect((await call("GET /all?=x")).status).toBe(400);
  });

  it("and its value may not be encoded wrongly", async () => {
    expect((await call("GET /all?aString=%zz")).status).toBe(400);
    expect((await call("GET /all?%ff=x")).status).toBe(400);
  });
});
