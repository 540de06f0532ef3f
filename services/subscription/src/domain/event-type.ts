import { AppError } from "@posthorn/errors";

/** What a catalog says of a kind of event. */
export interface EventTypeDraft {
  /** Parts of letters, digits, `_` and `-`, joined by dots; at most 128 characters. */
  readonly name: string;
  readonly group: string;
  readonly description: string;
  /** A JSON Schema as JSON text; empty: any JSON. */
  readonly schema: Uint8Array;
  /** Data as JSON text; empty: `{}`. */
  readonly example: Uint8Array;
  /** What people see in place of the name; empty: the name. */
  readonly label: string;
  /** The version of its schema, for people; empty: none. */
  readonly version: string;
  /** CEL: which of its events are sent to anyone; empty: all. */
  readonly filter: string;
  /** Whether its events carry the previous values of what changed. */
  readonly hasPrevious: boolean;
}

/** Gives an event type of which only the name is known. */
export function bareEventType(name: string): EventTypeDraft {
  const none = new Uint8Array();
  return {
    name,
    group: "",
    description: "",
    schema: none,
    example: none,
    label: "",
    version: "",
    filter: "",
    hasPrevious: false,
  };
}

/** An event type in a catalog. */
export interface EventType extends EventTypeDraft {
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** How many event types a catalog holds at most. */
export const eventTypesMax = 10_000;

/** Throws `precondition` when a catalog would hold more event types than it may. */
export function checkCatalogSize(count: number): void {
  if (count <= eventTypesMax) return;
  throw new AppError("precondition", `a catalog holds at most ${eventTypesMax} event types`);
}

const namePattern = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** Tells whether a text may be the name of an event type. */
export function isEventTypeName(text: string): boolean {
  return text.length <= 128 && namePattern.test(text);
}

/** Tells whether two drafts say the same, byte by byte. */
export function isSameEventType(a: EventTypeDraft, b: EventTypeDraft): boolean {
  return (
    a.name === b.name &&
    a.group === b.group &&
    a.description === b.description &&
    a.label === b.label &&
    a.version === b.version &&
    a.filter === b.filter &&
    a.hasPrevious === b.hasPrevious &&
    Buffer.compare(a.schema, b.schema) === 0 &&
    Buffer.compare(a.example, b.example) === 0
  );
}
