import { uuidToId } from "@posthorn/runtime";
import { describe, expect, it } from "vitest";
import {
  compileEnvelope,
  defaultEnvelope,
  type EnvelopeMember,
  type EnvelopeSource,
  missingEnvelope,
} from "./envelope.ts";

const uuid = "01890000-0000-7000-8000-000000000001";
const pin = { revision: "7", version: "v2" };

function member(
  name: string,
  source: EnvelopeMember["source"],
  rest: Partial<EnvelopeMember> = {},
): EnvelopeMember {
  return { name, source, isSpread: false, isOmittedWhenAbsent: false, text: "", ...rest };
}

function event(data: string, rest: Partial<EnvelopeSource> = {}): EnvelopeSource {
  const time = "2024-01-15T10:30:00.123456789Z";
  return { uuid, type: "order.created", time, data: Buffer.from(data), ...rest };
}

function render(members: readonly EnvelopeMember[], source: EnvelopeSource): string {
  return compileEnvelope(pin, members).render(source).toString();
}

const awkward = '{ "b": 123456789012345678901234567890, "2": 1e400, "1": "\\u00e9" }';
const spread = member("", "DATA", { isSpread: true });

describe("a body", () => {
  it("is the type, the timestamp and the data, as they were published, unless said otherwise", () => {
    const body = `{"type":"order.created","timestamp":"2024-01-15T10:30:00.123456789Z","data":${awkward}}`;
    expect(defaultEnvelope.render(event(awkward)).toString()).toBe(body);
    expect(render([], event(awkward))).toBe(body);
  });

  it("has the members of its envelope in their order", () => {
    const members = [
      member("kind", "EVENT_TYPE"),
      member('the "id"', "EVENT_ID"),
      member("payload", "DATA"),
      member("at", "TIME"),
      member("source", "TEXT", { text: 'Ünïted "Parcels"\n' }),
      member("api_version", "VERSION"),
    ];
    expect(render(members, event(awkward))).toBe(
      `{"kind":"order.created","the \\"id\\"":"${uuidToId("evt", uuid)}","payload":${awkward},` +
        `"at":"2024-01-15T10:30:00.123456789Z","source":"Ünïted \\"Parcels\\"\\n","api_version":"v2"}`,
    );
  });

  it("shows the connection and what changed, byte by byte", () => {
    const previous = '{"lines.0.price": 1.00, "a" :null}';
    const members = [
      member("connection_id", "CONNECTION_ID"),
      member("integration_name", "INTEGRATION_NAME"),
      member("data", "DATA"),
      member("previous_attributes", "PREVIOUS_ATTRIBUTES"),
    ];
    const source = event("[]", {
      connectionId: "conn_1",
      integrationName: "sap",
      previousAttributes: Buffer.from(previous),
    });
    expect(render(members, source)).toBe(
      `{"connection_id":"conn_1","integration_name":"sap","data":[],"previous_attributes":${previous}}`,
    );
  });

  it.each<[string, readonly EnvelopeMember[], string]>([
    [
      "null",
      [member("c", "CONNECTION_ID"), member("p", "PREVIOUS_ATTRIBUTES")],
      '{"c":null,"p":null}',
    ],
    [
      "left out first",
      [member("c", "CONNECTION_ID", { isOmittedWhenAbsent: true }), member("v", "VERSION")],
      '{"v":"v2"}',
    ],
    [
      "left out last",
      [member("v", "VERSION"), member("i", "INTEGRATION_NAME", { isOmittedWhenAbsent: true })],
      '{"v":"v2"}',
    ],
    ["all left out", [member("p", "PREVIOUS_ATTRIBUTES", { isOmittedWhenAbsent: true })], "{}"],
  ])("has what is absent %s", (_name, members, expected) => {
    expect(render(members, event("{}"))).toBe(expected);
  });
});

describe("data that is spread", () => {
  it("is never that of Posthorn's own events, whose members may be the envelope's too", () => {
    const own = event('{"event":"evt_1"}', { type: "posthorn.delivery.exhausted" });
    const kept = [member("event", "EVENT_TYPE"), spread];
    expect(render(kept, own)).toBe(defaultEnvelope.render(own).toString());
    expect(render([member("event", "EVENT_TYPE")], own)).toBe(`{"event":"${own.type}"}`);
  });

  const kind = member("kind", "EVENT_TYPE");
  it.each([
    [
      "between other members",
      [kind, spread, member("v", "VERSION")],
      '{"a":1}',
      '{"kind":"order.created","a":1,"v":"v2"}',
    ],
    ["alone", [spread], '{"a":1,"b":{"c":[]}}', '{"a":1,"b":{"c":[]}}'],
    [
      "with its white space",
      [kind, spread],
      ' {\n "a" : 1.50 }\t',
      '{"kind":"order.created",\n "a" : 1.50 }',
    ],
    ["without members, first", [spread, kind], "{}", '{"kind":"order.created"}'],
    ["without members, last", [kind, spread], " { \r\n} ", '{"kind":"order.created"}'],
    ["without members, alone", [spread], "{}", "{}"],
  ])("keeps its bytes: %s", (_name, members, data, expected) => {
    expect(render(members, event(data))).toBe(expected);
  });

  it.each(["[1]", "1", '"{}"', "null", ""])("must be an object: %s is not", (data) => {
    expect(() => render([spread], event(data))).toThrow("is no object");
  });
});

describe("an envelope", () => {
  const members = [
    member("type", "EVENT_TYPE"),
    member("timestamp", "TIME"),
    member("data", "DATA"),
  ];

  it("is the default one if it is written out, in its version", () => {
    const version = defaultEnvelope.version;
    expect(compileEnvelope({ ...pin, version }, members)).toBe(defaultEnvelope);
    expect(compileEnvelope({ ...pin, version }, [])).toBe(defaultEnvelope);
    expect(compileEnvelope(pin, members)).toMatchObject(pin);
    expect(compileEnvelope(pin, members).render).toBe(defaultEnvelope.render);
  });

  it.each([
    ["another order", members.toReversed()],
    ["another name", [...members.slice(0, 2), member("payload", "DATA")]],
    ["spread data", [...members.slice(0, 2), { ...spread, name: "data" }]],
    ["fewer members", members.slice(0, 2)],
  ])("is none of the default with %s", (_name, changed) => {
    const version = defaultEnvelope.version;
    expect(compileEnvelope({ ...pin, version }, changed)).not.toBe(defaultEnvelope);
  });

  it("that is not there cannot be rendered", () => {
    expect(() => missingEnvelope(pin).render(event("{}"))).toThrow("no envelope v2 in revision 7");
  });
});
