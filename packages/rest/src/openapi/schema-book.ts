import {
  type DescEnum,
  type DescField,
  type DescMessage,
  getOption,
  ScalarType,
} from "@bufbuild/protobuf";
import {
  FieldBehavior,
  field_behavior as fieldBehavior,
} from "@posthorn/proto/google/api/field_behavior";
import { isRawJson } from "../raw-json.ts";
import { commentOf } from "./comments.ts";
import type { Examples } from "./example.ts";
import { compact, type JsonSchema } from "./json-schema.ts";
import {
  isRequired,
  itemKeywords,
  messageKeywords,
  messageText,
  ruleKeywords,
  ruleText,
} from "./rules.ts";
import { wellKnownSchema } from "./well-known.ts";

/** The schemas of an OpenAPI document: messages become components, named once. */
export interface SchemaBook {
  /** The schema of a message, as a reference to its component. */
  message(desc: DescMessage): JsonSchema;
  /** The schema of a field's value, with its comment. */
  field(field: DescField): JsonSchema;
  /** The schema of an object with these fields only. */
  object(fields: readonly DescField[]): JsonSchema;
  /** All components that were referred to, by name, in the order of names. */
  components(): Readonly<Record<string, JsonSchema>>;
}

/**
 * Makes a book, whose components have the examples of answers. Two messages of one name get that of
 * their package before it.
 */
export function schemaBook(messages: readonly DescMessage[], { answer }: Examples): SchemaBook {
  const names = componentNames(messages);
  const components = new Map<string, JsonSchema>();
  const book: SchemaBook = {
    message(desc) {
      const wellKnown = wellKnownSchema(desc);
      if (wellKnown !== undefined) return wellKnown;
      const name = names.get(desc.typeName) ?? desc.typeName;
      if (!components.has(name)) {
        // The place is taken first, since a message may contain itself.
        components.set(name, {});
        const example = answer(desc);
        components.set(name, {
          ...book.object(desc.fields),
          ...messageKeywords(desc),
          ...described([commentOf(desc), messageText(desc)]),
          ...(Object.keys(example).length > 0 && { examples: [example] }),
        });
      }
      return { $ref: `#/components/schemas/${name}` };
    },
    field: (field) => ({
      ...shapeOf(field, book),
      ...ruleKeywords(field),
      ...behaviorKeywords(field),
      ...described([descriptionOf(field), ruleText(field)]),
    }),
    object(fields) {
      const required = fields.filter(isRequiredField).map((field) => field.jsonName);
      return compact({
        type: "object",
        properties: Object.fromEntries(fields.map((field) => [field.jsonName, book.field(field)])),
        required: required.length > 0 ? required : undefined,
      });
    },
    components: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return book;
}

function componentNames(messages: readonly DescMessage[]): Map<string, string> {
  const plain = messages.map(plainName);
  const isTaken = (name: string) => plain.indexOf(name) !== plain.lastIndexOf(name);
  return new Map(
    messages.map((desc) => {
      const name = plainName(desc);
      return [desc.typeName, isTaken(name) ? packageName(desc) + name : name];
    }),
  );
}

/** The name without its package; of a nested message, with those around it. */
function plainName({ typeName, file }: DescMessage): string {
  return typeName.slice(file.proto.package.length + 1).replaceAll(".", "");
}

/** The last part of the package that is no version: `Delivery` of `posthorn.delivery.v1`. */
function packageName({ file }: DescMessage): string {
  const parts = file.proto.package.split(".").filter((part) => !/^v\d/.test(part));
  const last = parts.at(-1) ?? "";
  return last.charAt(0).toUpperCase() + last.slice(1);
}

function described(texts: readonly string[]): JsonSchema {
  return compact({ description: texts.filter((text) => text !== "").join("\n\n") });
}

function isRequiredField(field: DescField): boolean {
  return isRequired(field) || getOption(field, fieldBehavior).includes(FieldBehavior.REQUIRED);
}

function behaviorKeywords(field: DescField): JsonSchema {
  const behaviors = getOption(field, fieldBehavior);
  return compact({
    readOnly: behaviors.includes(FieldBehavior.OUTPUT_ONLY) || undefined,
    writeOnly: behaviors.includes(FieldBehavior.INPUT_ONLY) || undefined,
  });
}

function shapeOf(field: DescField, book: SchemaBook): JsonSchema {
  switch (field.fieldKind) {
    case "list":
      return { type: "array", items: { ...itemShape(field, book), ...itemKeywords(field) } };
    case "map":
      return {
        type: "object",
        additionalProperties: { ...itemShape(field, book), ...itemKeywords(field) },
      };
    case "enum":
    case "message":
    case "scalar":
      return itemShape(field, book);
  }
}

function itemShape(field: DescField, book: SchemaBook): JsonSchema {
  if (isRawJson(field)) return {};
  if ("message" in field && field.message !== undefined) return book.message(field.message);
  if ("enum" in field && field.enum !== undefined) return enumShape(field.enum);
  return scalarShape("scalar" in field ? field.scalar : undefined);
}

/** The zero of an enum stands for "not set", which JSON says by leaving the field out. */
function enumShape(desc: DescEnum): JsonSchema {
  if (desc.typeName === "google.protobuf.NullValue") return { type: "null" };
  const values = desc.values.filter((value) => value.number !== 0);
  return { type: "string", enum: values.map((value) => value.name) };
}

/** A field's comment, and for enums what each value means. */
function descriptionOf(field: DescField): string {
  const values = "enum" in field && field.enum !== undefined ? field.enum.values : [];
  const meanings = values
    .filter((value) => value.number !== 0 && commentOf(value) !== "")
    .map((value) => `- \`${value.name}\`: ${commentOf(value)}`);
  return [commentOf(field), meanings.join("\n")].filter((text) => text !== "").join("\n\n");
}

function scalarShape(scalar: ScalarType | undefined): JsonSchema {
  switch (scalar) {
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number", format: scalar === ScalarType.FLOAT ? "float" : "double" };
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return { type: "string", format: "int64" };
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return { type: "string", format: "uint64" };
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: "integer", format: "uint32", minimum: 0 };
    default:
      return { type: "integer", format: "int32" };
  }
}
