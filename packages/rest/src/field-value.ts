import type { DescField } from "@bufbuild/protobuf";

type Fields = Readonly<Record<string, unknown>>;

/** Reads a field of a message; undefined when it is not set. A oneof's fields stand in one object. */
export function fieldValue(message: unknown, { localName, oneof }: DescField): unknown {
  const fields = message as Fields;
  if (oneof === undefined) return fields[localName];
  const group = fields[oneof.localName] as Fields;
  return group["case"] === localName ? group["value"] : undefined;
}

/** Sets a field of a message. */
export function setFieldValue(message: object, field: DescField, value: unknown): void {
  const { localName, oneof } = field;
  if (oneof === undefined) Object.assign(message, { [localName]: value });
  else Object.assign(message, { [oneof.localName]: { case: localName, value } });
}
