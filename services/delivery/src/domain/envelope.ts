import { uuidToId } from "@posthorn/runtime";
import type { EventOrigin } from "./event-origin.ts";

/** What a body is rendered from. */
export interface EnvelopeSource extends EventOrigin {
  /** The event's UUID. */
  readonly uuid: string;
  readonly type: string;
  /** RFC 3339, as precise as the publisher gave it. */
  readonly time: string;
  /** JSON text, UTF-8. */
  readonly data: Uint8Array;
}

/** Which envelope a delivery keeps: of which revision of a provider's envelopes, and its version. */
export interface EnvelopePin {
  /** A bigint's digits. */
  readonly revision: string;
  readonly version: string;
}

/** An envelope, compiled. Those that are rendered alike are one object, as far as it is known. */
export interface Envelope extends EnvelopePin {
  /**
   * Renders a body; data and previous attributes stand in it byte by byte as they were published.
   * A pure function of the event, so that every attempt sends the same bytes.
   */
  readonly render: (source: EnvelopeSource) => Buffer;
}

/** One member of a body; see EnvelopeField in the protos. */
export interface EnvelopeMember {
  readonly name: string;
  readonly source:
    | "EVENT_ID"
    | "EVENT_TYPE"
    | "TIME"
    | "DATA"
    | "CONNECTION_ID"
    | "INTEGRATION_NAME"
    | "PREVIOUS_ATTRIBUTES"
    | "TEXT"
    | "VERSION";
  /** Of DATA: its members stand in the body itself. */
  readonly isSpread: boolean;
  /** Otherwise it is null where it is absent. */
  readonly isOmittedWhenAbsent: boolean;
  /** Of TEXT. */
  readonly text: string;
}

/** The envelope of providers that describe none: `{"type", "timestamp", "data"}`, version `v1`. */
export const defaultEnvelope: Envelope = { revision: "0", version: "v1", render: renderDefault };

/** Gives what a delivery keeps to find its envelope again; undefined for the default one. */
export function pinOf(envelope: Envelope): EnvelopePin | undefined {
  return envelope === defaultEnvelope ? undefined : envelope;
}

/**
 * Compiles an envelope. Without members, and with those of the default, it is the default one. One
 * that spreads data renders Posthorn's own events as the default does: no provider's catalog keeps
 * their members apart from the envelope's.
 */
export function compileEnvelope(pin: EnvelopePin, members: readonly EnvelopeMember[]): Envelope {
  if (isDefault(members)) {
    return pin.version === defaultEnvelope.version
      ? defaultEnvelope
      : { ...pin, render: renderDefault };
  }
  const parts = members.map((member) => compileMember(member, pin.version));
  const render = (source: EnvelopeSource) => renderParts(parts, source);
  if (!members.some(({ isSpread }) => isSpread)) return { ...pin, render };
  return { ...pin, render: (source) => (isOurs(source) ? renderDefault : render)(source) };
}

function isOurs({ type }: EnvelopeSource): boolean {
  return type.startsWith("posthorn.");
}

/** Stands for an envelope that cannot be found: rendering it is a defect of the delivery. */
export function missingEnvelope(pin: EnvelopePin): Envelope {
  return {
    ...pin,
    render() {
      throw new Error(`there is no envelope ${pin.version} in revision ${pin.revision}`);
    },
  };
}

const end = Buffer.from("}");

function renderDefault(source: EnvelopeSource): Buffer {
  const head = `{"type":${JSON.stringify(source.type)},"timestamp":${JSON.stringify(source.time)},"data":`;
  return Buffer.concat([Buffer.from(head), source.data, end]);
}

const defaultMembers = [
  ["type", "EVENT_TYPE"],
  ["timestamp", "TIME"],
  ["data", "DATA"],
] as const;

function isDefault(members: readonly EnvelopeMember[]): boolean {
  if (members.length === 0) return true;
  if (members.length !== defaultMembers.length) return false;
  return defaultMembers.every(([name, source], index) => {
    const member = members[index];
    return member?.name === name && member.source === source && !member.isSpread;
  });
}

/** JSON text of a member's value; undefined where the event has none. */
type Read = (source: EnvelopeSource) => string | Uint8Array | undefined;

interface Part {
  /** The name with its colon; empty for what is spread. */
  readonly head: string;
  readonly read: Read;
  /** What stands for an absent value; undefined: the member is left out. */
  readonly absent: string | undefined;
}

function compileMember(member: EnvelopeMember, version: string): Part {
  if (member.isSpread) return { head: "", read: ({ data }) => membersOf(data), absent: undefined };
  return {
    head: `${JSON.stringify(member.name)}:`,
    read: readOf(member, version),
    absent: member.isOmittedWhenAbsent ? undefined : "null",
  };
}

function readOf({ source, text }: EnvelopeMember, version: string): Read {
  switch (source) {
    case "EVENT_ID":
      return ({ uuid }) => JSON.stringify(uuidToId("evt", uuid));
    case "EVENT_TYPE":
      return ({ type }) => JSON.stringify(type);
    case "TIME":
      return ({ time }) => JSON.stringify(time);
    case "DATA":
      return ({ data }) => data;
    case "CONNECTION_ID":
      return ({ connectionId }) => connectionId && JSON.stringify(connectionId);
    case "INTEGRATION_NAME":
      return ({ integrationName }) => integrationName && JSON.stringify(integrationName);
    case "PREVIOUS_ATTRIBUTES":
      return ({ previousAttributes }) =>
        previousAttributes?.length ? previousAttributes : undefined;
    case "TEXT":
      return constant(text);
    case "VERSION":
      return constant(version);
  }
}

function constant(value: string): Read {
  const json = JSON.stringify(value);
  return () => json;
}

function renderParts(parts: readonly Part[], source: EnvelopeSource): Buffer {
  const pieces: Uint8Array[] = [];
  let text = "{";
  let separator = "";
  for (const { head, read, absent } of parts) {
    const value = read(source) || absent;
    if (value === undefined) continue;
    text += separator + head;
    separator = ",";
    if (typeof value === "string") {
      text += value;
    } else {
      pieces.push(Buffer.from(text), value);
      text = "";
    }
  }
  pieces.push(Buffer.from(`${text}}`));
  return Buffer.concat(pieces);
}

/** Gives what stands between the braces of an object; undefined when that is nothing. */
function membersOf(data: Uint8Array): Uint8Array | undefined {
  const whole = trimmed(data);
  if (whole[0] !== openBrace) throw new Error("the envelope spreads data, which is no object");
  const members = whole.subarray(1, -1);
  return trimmed(members).length === 0 ? undefined : members;
}

const openBrace = 0x7b;
const spaces: ReadonlySet<number | undefined> = new Set(Buffer.from(" \t\n\r"));

function trimmed(json: Uint8Array): Uint8Array {
  let from = 0;
  let to = json.length;
  while (from < to && spaces.has(json[from])) from += 1;
  while (from < to && spaces.has(json[to - 1])) to -= 1;
  return json.subarray(from, to);
}
