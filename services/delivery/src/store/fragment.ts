import { type RawBuilder, sql } from "kysely";
import type { Outcome } from "../domain/delivery.ts";
import type { EndsTold } from "../domain/notice.ts";
import type { Inserting } from "./repeats.ts";
import type { Result } from "./result.ts";

/** A part of a statement, and what it adds to the statement's name: "" when it is left out. */
export interface Fragment {
  readonly name: string;
  readonly ctes: RawBuilder<unknown>;
}

/** To compose a statement of so many rows takes about a millisecond. */
export const heavyRows = 50;

/** A part that no result asks for. */
export const absent: Fragment = { name: "", ctes: sql`` };

/** A result in a statement, with the number of its lease in the statement's `held`. */
export interface Leased {
  readonly lease: number;
  readonly result: Result;
}

/** What a statement writes: the day, where it has the deliveries, and what of their ends is told. */
export interface Written {
  /** Empty when it writes no deliveries. */
  readonly day: string;
  readonly deliveries: "changed" | "new_delivery";
  readonly endsTold: EndsTold;
  readonly inserting: Inserting;
}

/** An attempt as the counters see it. */
export interface Counted {
  /** As in `Leased`. */
  readonly lease: number;
  readonly provider: string;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly outcome: Outcome;
  readonly statusCode: number;
  readonly durationMs: number;
  readonly startedAt: Date;
  /** What became of the delivery by it. */
  readonly state: Result["state"];
}
