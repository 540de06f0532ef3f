import { create, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { AppError } from "@posthorn/errors";
import { ProviderSchema } from "@posthorn/proto/posthorn/subscription/v1/provider";
import { checkMessage } from "@posthorn/rpc";

type Json = { readonly [keyword: string]: unknown };
type Schemas = Readonly<Record<string, Json>>;

const refPrefix = "#/components/schemas/";

/**
 * Gives the text of the JSON Schema (draft 2020-12) of a provider file, from that of the OpenAPI
 * document: without what only Posthorn sets, without unknown fields, with what must be there.
 */
export function providerSchemaText(openapiText: string): string {
  const { components } = JSON.parse(openapiText) as { components: { schemas: Schemas } };
  const definitions = new Map<string, Json>();
  const root = define(ProviderSchema, "Provider", { schemas: components.schemas, definitions });
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A provider file of Posthorn",
    ...root,
    $defs: Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

interface Book {
  readonly schemas: Schemas;
  readonly definitions: Map<string, Json>;
}

/** Gives the schema of a message as a file holds it, and puts those that it refers to in the book. */
function define(desc: DescMessage, name: string, book: Book): Json {
  const { type, description, properties } = book.schemas[name] ?? {};
  const fields = desc.fields.flatMap(({ jsonName, ...field }) => {
    // The component of a message has a schema for each of its fields.
    const property = (properties as Schemas)[jsonName];
    if (property === undefined || isOutputOnly(property)) return [];
    return [[jsonName, inFile(field, property, book)] as const];
  });
  const required = requiredOf(desc);
  return {
    type,
    description,
    properties: Object.fromEntries(fields),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function inFile({ message }: Pick<DescField, "message">, property: Json, book: Book): Json {
  const text = JSON.stringify(property);
  const [, name] = text.match(/"#\/components\/schemas\/([^"]+)"/) ?? [];
  if (name === undefined || message === undefined) return property;
  if (!book.definitions.has(name)) {
    book.definitions.set(name, {});
    book.definitions.set(name, define(message, name, book));
  }
  return JSON.parse(text.replace(refPrefix, "#/$defs/"));
}

/** Their comments say so. */
function isOutputOnly({ description }: Json): boolean {
  return typeof description === "string" && description.endsWith("Set by Posthorn.");
}

/** The fields that a message may not leave out: those that are refused in an empty one. */
function requiredOf(desc: DescMessage): readonly string[] {
  try {
    checkMessage(desc, create(desc));
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.fields.map(({ field }) => field);
  }
}
