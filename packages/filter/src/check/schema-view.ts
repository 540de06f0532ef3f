/** A JSON Schema, parsed, with the document that its `$ref`s point into. */
export interface Schema {
  readonly schema: unknown;
  readonly root: unknown;
}

/** What a schema says of the fields and items of a value. */
export interface SchemaView {
  /** The fields that it names; each may be described in several places. */
  readonly fields: ReadonlyMap<string, readonly Schema[]>;
  /** Whether other fields may be there too. */
  readonly isOpen: boolean;
  /** The types that it allows; undefined for any. */
  readonly types: ReadonlySet<string> | undefined;
  /** What it says of the items of a list. */
  readonly items: readonly Schema[];
}

/**
 * Looks at a schema as far as its fields go. One that names fields and is silent about others is
 * taken to name all: that is what tells a slip from a field. What is not understood allows anything.
 */
export function viewSchema({ schema, root }: Schema): SchemaView {
  const found = look(schema, { root, path: [], budget: { left: schemasMax } });
  return { ...found, isOpen: found.isOpen || found.fields.size === 0 };
}

/** Schemas that are looked into for one view, at most; the rest allows anything. */
const schemasMax = 2_000;
const depthMax = 32;

interface Search {
  readonly root: unknown;
  /** The schemas around this one. */
  readonly path: readonly unknown[];
  readonly budget: { left: number };
}

const silent: SchemaView = { fields: new Map(), isOpen: false, types: undefined, items: [] };
const open: SchemaView = { ...silent, isOpen: true };

/** Here `isOpen` means expressly so. */
function look(schema: unknown, search: Search): SchemaView {
  search.budget.left -= 1;
  if (search.budget.left < 0 || search.path.length > depthMax) return open;
  if (!isObject(schema) || search.path.includes(schema)) return silent;
  const inner = { ...search, path: [...search.path, schema] };
  const lookAll = (schemas: readonly unknown[]) => schemas.map((each) => look(each, inner));
  const base = [ownView(schema, search.root), ...lookAll(allOf(schema))]
    .concat(refView(schema, inner))
    .reduce(both);
  const choices = [listOf(schema["anyOf"]), listOf(schema["oneOf"])].filter((c) => c.length > 0);
  return choices.map((choice) => eitherOf(base, lookAll(choice))).reduce(both, base);
}

function allOf(schema: SchemaObject): unknown[] {
  const single = [schema["if"], schema["then"], schema["else"]];
  return [...listOf(schema["allOf"]), ...single, ...valuesOf(schema["dependentSchemas"])];
}

/** What a schema's own keywords say. */
function ownView(schema: SchemaObject, root: unknown): SchemaView {
  const fields = Object.entries(isObject(schema["properties"]) ? schema["properties"] : {});
  const others = [schema["additionalProperties"], schema["unevaluatedProperties"]];
  return {
    fields: new Map(fields.map(([name, field]) => [name, [{ schema: field, root }]])),
    isOpen: others.some(isAllowing) || valuesOf(schema["patternProperties"]).length > 0,
    types: typesOf(schema["type"]),
    items: [...listOf(schema["prefixItems"]), ...itemsOf(schema)].map((item) => ({
      schema: item,
      root,
    })),
  };
}

function itemsOf(schema: SchemaObject): unknown[] {
  const { items } = schema;
  if (Array.isArray(items)) return [...items, schema["additionalItems"] ?? true];
  return items === undefined ? [] : [items];
}

function isAllowing(schema: unknown): boolean {
  return schema !== undefined && schema !== false;
}

function typesOf(type: unknown): ReadonlySet<string> | undefined {
  const names =
    typeof type === "string" ? [type] : listOf(type).filter((t) => typeof t === "string");
  return names.length === 0 ? undefined : new Set(names);
}

function refView(schema: SchemaObject, search: Search): SchemaView[] {
  if (schema["$dynamicRef"] !== undefined || schema["$recursiveRef"] !== undefined) return [open];
  const ref = schema["$ref"];
  if (ref === undefined) return [];
  const target = typeof ref === "string" ? resolve(ref, search.root) : undefined;
  return [target === undefined ? open : look(target, search)];
}

/** Follows a JSON pointer within the document (`#/$defs/a`); undefined for all else. */
function resolve(ref: string, root: unknown): unknown {
  if (ref === "#") return root;
  if (!ref.startsWith("#/")) return undefined;
  return ref
    .slice(2)
    .split("/")
    .map((part) => decode(part).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>(
      (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
      root,
    );
}

function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** What two schemas say that hold both. */
function both(a: SchemaView, b: SchemaView): SchemaView {
  return {
    fields: union(a.fields, b.fields),
    isOpen: a.isOpen || b.isOpen,
    types: a.types ?? b.types,
    items: [...a.items, ...b.items],
  };
}

/**
 * What a schema says that goes with one of several others. An alternative that names nothing
 * allows anything, unless the fields are named elsewhere and it only says which are required.
 */
function eitherOf(base: SchemaView, choices: readonly SchemaView[]): SchemaView {
  const isAnything = (choice: SchemaView) => choice.fields.size === 0 && canBeObject(choice);
  const opens = base.fields.size === 0 && canBeObject(base) && choices.some(isAnything);
  const types = choices.map((choice) => choice.types);
  return {
    fields: choices.map((choice) => choice.fields).reduce(union),
    isOpen: opens || choices.some((choice) => choice.isOpen),
    types: types.includes(undefined) ? undefined : new Set(types.flatMap((t) => [...(t ?? [])])),
    items: choices.flatMap((choice) => choice.items),
  };
}

/** Tells whether a value with fields is allowed at all. */
export function canBeObject({ types }: Pick<SchemaView, "types">): boolean {
  return types === undefined || types.has("object");
}

function union(a: SchemaView["fields"], b: SchemaView["fields"]): SchemaView["fields"] {
  const all = new Map(a);
  for (const [name, schemas] of b) all.set(name, [...(all.get(name) ?? []), ...schemas]);
  return all;
}

type SchemaObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function valuesOf(value: unknown): unknown[] {
  return isObject(value) ? Object.values(value) : [];
}
