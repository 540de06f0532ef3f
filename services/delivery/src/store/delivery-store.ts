import type { Kysely } from "kysely";
import type { Database } from "./database.ts";
import { insertFanOut, listStoredEvents } from "./fan-outs.ts";
import { deleteLaneState, listLaneStates, recordLaneStates } from "./lanes.ts";
import { freeAll, freeHeads, listOrderingKeys } from "./ordering.ts";
import { claimPartition, getNextOffset, releasePartition, renewLeases } from "./partitions.ts";
import { recordResults } from "./results.ts";
import { cancelMadeBefore, cancelWaiting, listDue, listWaitingLanes } from "./schedule.ts";

const statements = {
  cancelMadeBefore,
  cancelWaiting,
  claimPartition,
  deleteLaneState,
  freeAll,
  freeHeads,
  getNextOffset,
  insertFanOut,
  listDue,
  listLaneStates,
  listOrderingKeys,
  listStoredEvents,
  listWaitingLanes,
  recordLaneStates,
  recordResults,
  releasePartition,
  renewLeases,
};

type Bound<F> = F extends (db: Kysely<Database>, ...rest: infer Rest) => infer Result
  ? (...rest: Rest) => Result
  : never;

/**
 * What the owner of partitions reads and writes: all of its rows, so that it can be tested with
 * others than Postgres'. Each is described where it is written.
 */
export type DeliveryStore = {
  readonly [Name in keyof typeof statements]: Bound<(typeof statements)[Name]>;
};

/** Gives the rows that lie in Postgres. */
export function deliveryStore(db: Kysely<Database>): DeliveryStore {
  const bound = Object.entries(statements).map(([name, statement]) => [
    name,
    (...rest: unknown[]) => (statement as (...all: unknown[]) => unknown)(db, ...rest),
  ]);
  return Object.fromEntries(bound) as DeliveryStore; // by the same names
}
