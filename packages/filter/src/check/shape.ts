import { canBeObject, type Schema, type SchemaView, viewSchema } from "./schema-view.ts";
import { nearest } from "./suggest.ts";

/** What is known of a value that comes from an event's data. */
export interface Shape {
  /** As it is written: `event.data.items[0]`. */
  readonly path: string;
  /** One of these describes it; undefined when it may be anything. */
  readonly schemas: readonly Schema[] | undefined;
}

/** A field that no schema knows. */
export interface UnknownField {
  readonly problem: string;
  readonly suggestion: string | undefined;
}

/** Gives what is known of a field; or that there can be no such field. */
export function fieldOf(shape: Shape, name: string): Shape | UnknownField {
  const path = `${shape.path}${selector(name)}`;
  const views = shape.schemas?.map(viewSchema);
  if (views === undefined) return { path, schemas: undefined };
  if (!views.some(canBeObject)) {
    return {
      problem: `${shape.path} is ${typeNames(views)} and has no fields`,
      suggestion: undefined,
    };
  }
  const knowing = views.filter((view) => canBeObject(view) && view.fields.has(name));
  const isElsewhereOpen = views.some(
    (view) => canBeObject(view) && view.isOpen && !view.fields.has(name),
  );
  if (isElsewhereOpen) return { path, schemas: undefined };
  if (knowing.length > 0) {
    return { path, schemas: knowing.flatMap((view) => view.fields.get(name) ?? []) };
  }
  const known = views.flatMap((view) => [...view.fields.keys()]);
  return { problem: `${shape.path} has no field ${name}`, suggestion: nearest(name, known) };
}

/** Gives what is known of the items of a list. */
export function itemOf(shape: Shape): Shape {
  const path = `${shape.path}[]`;
  const views = shape.schemas?.map(viewSchema).filter(({ types }) => types?.has("array") ?? true);
  if (views === undefined || views.some(({ items }) => items.length === 0)) {
    return { path, schemas: undefined };
  }
  return { path, schemas: views.flatMap(({ items }) => items) };
}

/** Tells whether a value of the shape may have one of the types of JSON Schema. */
export function canBe(shape: Shape, type: string): boolean {
  const views = shape.schemas?.map(viewSchema) ?? [];
  return views.length === 0 || views.some(({ types }) => types?.has(type) ?? true);
}

/** Names the types that a shape allows, where it is known. */
export function typesOf(shape: Shape): string {
  return typeNames(shape.schemas?.map(viewSchema) ?? []);
}

function typeNames(views: readonly SchemaView[]): string {
  return [...new Set(views.flatMap(({ types }) => [...(types ?? [])]))].join(" or ");
}

function selector(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}
