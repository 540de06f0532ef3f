import type { Usage } from "./stage.ts";

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Something wanted of a figure, and whether it was met. */
export interface Mark {
  readonly wanted: string;
  readonly isMet: boolean;
}

/** One line of the result. What was not measured is absent. */
export interface Figures {
  readonly scenario: string;
  readonly setup: string;
  readonly deliveriesPerSecond?: number;
  /** Share of the raw limit, measured in the same run. */
  readonly share?: number;
  readonly acceptToArrivalMs?: Percentiles;
  readonly requestToArrivalMs?: Percentiles;
  /** Posthorn's process. */
  readonly nodeUsPerDelivery?: number;
  readonly postgresUsPerDelivery?: number;
  /** Of Posthorn's process and Postgres together. */
  readonly deliveriesPerCpuSecond?: number;
  readonly walBytesPerDelivery?: number;
  readonly databaseBytesPerDelivery?: number;
  readonly events?: number;
  readonly lost?: number;
  readonly doubled?: number;
  /** What only this scenario measures, by name and unit. */
  readonly others?: Readonly<Record<string, number>>;
  readonly marks: readonly Mark[];
}

/** Percentiles of times in microseconds, in milliseconds. */
export function percentiles(timesUs: readonly number[]): Percentiles {
  const sorted = [...timesUs].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN) / 1000;
  return { p50: at(0.5), p99: at(0.99) };
}

/** What each delivery cost. */
export function costs(before: Usage, after: Usage, deliveryCount: number) {
  const nodeS = after.nodeS - before.nodeS;
  const postgresS = after.postgresS - before.postgresS;
  return {
    nodeUsPerDelivery: (nodeS * 1e6) / deliveryCount,
    postgresUsPerDelivery: (postgresS * 1e6) / deliveryCount,
    deliveriesPerCpuSecond: deliveryCount / (nodeS + postgresS),
    walBytesPerDelivery: (after.walBytes - before.walBytes) / deliveryCount,
    databaseBytesPerDelivery: (after.databaseBytes - before.databaseBytes) / deliveryCount,
  };
}

/** A mark on a figure that must be at least so high. */
export function atLeast(value: number, wanted: number, words: string): Mark {
  return { wanted: words, isMet: value >= wanted };
}

/** A mark on a figure that must be at most so high. */
export function atMost(value: number, wanted: number, words: string): Mark {
  return { wanted: words, isMet: value <= wanted };
}
