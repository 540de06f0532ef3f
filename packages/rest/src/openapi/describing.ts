import type { Examples } from "./example.ts";
import type { SchemaBook } from "./schema-book.ts";

/** What operations are described with. */
export interface Describing {
  readonly book: SchemaBook;
  readonly examples: Examples;
}
