import { parseTimestamp } from "./evaluate/time.ts";
import { Failure, type Result, type Value } from "./evaluate/value.ts";

/** What filters are told of an event. */
export interface EventFacts {
  readonly id: string;
  readonly type: string;
  /** RFC 3339, to the nanosecond. */
  readonly time: string;
  /** The id of the connection that it came from; empty for none. */
  readonly connection: string;
  /** JSON text, UTF-8, that was checked when it was accepted. */
  readonly data: Uint8Array;
}

/** The fields of `event`, in the order in which they are suggested. */
export const eventFields = ["id", "type", "time", "data", "connection"] as const;
export type EventField = (typeof eventFields)[number];

/**
 * An event as filters see it. Time and data are read when a filter first asks for them, once for
 * all filters.
 */
export class FilterEvent {
  readonly #facts: EventFacts;
  #time: Result | undefined;
  #data: Result | undefined;

  constructor(facts: EventFacts) {
    this.#facts = facts;
  }

  /** Gives a field of `event`. */
  get(field: EventField): Result {
    switch (field) {
      case "id":
      case "type":
      case "connection":
        return this.#facts[field];
      case "time":
        this.#time ??= parseTimestamp(this.#facts.time) ?? new Failure("event.time is no time");
        return this.#time;
      case "data":
        this.#data = this.#data === undefined ? parseData(this.#facts.data) : this.#data;
        return this.#data;
    }
  }
}

function parseData(data: Uint8Array): Result {
  try {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
    return JSON.parse(text) as Value; // what JSON.parse gives is null, boolean, number, string, array, object
  } catch {
    return new Failure("event.data is no JSON");
  }
}
