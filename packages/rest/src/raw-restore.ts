import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { type CutBody, hasRawJson, isRawJson, rawValueOf } from "./raw-json.ts";

type Values = CutBody["values"];
type Fields = Record<string, unknown>;
type RestoreMessage = (message: Fields, values: Values) => Fields;
type RestoreValue = (value: unknown, values: Values) => unknown;

/** Puts raw values in the place of their stand-ins, in a message that was read from a CutBody. */
export type RawRestorer = (message: object, values: Values) => void;

/** Gives the restorer of a message type; undefined when it has no raw_json field. */
export function rawRestorer(desc: DescMessage): RawRestorer | undefined {
  if (!hasRawJson(desc)) return undefined;
  const restore = messageRestorer(desc, new Map());
  return (message, values) => restore(message as Fields, values);
}

function messageRestorer(desc: DescMessage, known: Map<string, RestoreMessage>): RestoreMessage {
  const begun = known.get(desc.typeName);
  if (begun !== undefined) return begun;
  const steps: RestoreMessage[] = [];
  const restore: RestoreMessage = (message, values) => {
    for (const step of steps) step(message, values);
    return message;
  };
  known.set(desc.typeName, restore);
  for (const field of desc.fields) {
    const value = fieldRestorer(field, known);
    if (value !== undefined) steps.push(inMessage(field, value));
  }
  return restore;
}

function fieldRestorer(
  field: DescField,
  known: Map<string, RestoreMessage>,
): RestoreValue | undefined {
  const one = valueRestorer(field, known);
  const isMany = field.fieldKind === "list" || field.fieldKind === "map";
  if (one === undefined || !isMany) return one;
  return (items, values) => {
    const entries = items as Fields;
    for (const key of Object.keys(entries)) entries[key] = one(entries[key], values);
    return items;
  };
}

function valueRestorer(
  field: DescField,
  known: Map<string, RestoreMessage>,
): RestoreValue | undefined {
  if (isRawJson(field)) return (value, values) => rawValueOf(value as Uint8Array, values);
  const desc = "message" in field ? field.message : undefined;
  if (desc === undefined || !hasRawJson(desc)) return undefined;
  const restore = messageRestorer(desc, known);
  return (value, values) => restore(value as Fields, values);
}

/** Steps from a message to a field's value; the fields of a oneof stand in an object of its own. */
function inMessage({ localName, oneof }: DescField, restore: RestoreValue): RestoreMessage {
  return (message, values) => {
    const holder = oneof === undefined ? message : (message[oneof.localName] as Fields);
    const key = oneof === undefined ? localName : "value";
    const isSet = oneof === undefined || holder["case"] === localName;
    if (isSet && holder[key] !== undefined) holder[key] = restore(holder[key], values);
    return message;
  };
}
