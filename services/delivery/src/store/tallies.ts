import type { Outcome } from "../domain/delivery.ts";

/** A webhook of which all attempts failed for so long is failing, and that is told once. */
export const noticeAfterDays = 3;
/** It is disabled when it goes on for so long. */
export const disableAfterDays = 5;
/** From the notice to the disabling, at the least, however seldom attempts are made. */
export const noticeLeadDays = disableAfterDays - noticeAfterDays;

/** An attempt, as far as its webhook's health goes. */
export interface Tried {
  readonly webhookUuid: string;
  readonly outcome: Outcome;
  /** The receiver said 410. */
  readonly isGone: boolean;
}

/** What a run of attempts says of one webhook. */
export interface Tally<T extends Tried> {
  /** The latest attempt. */
  readonly last: T;
  /** Failures after the last success, or all of them if none succeeded. */
  readonly failureCount: number;
  readonly hasFailed: boolean;
  readonly hasSucceeded: boolean;
  readonly isGone: boolean;
}

/** Sums attempts, earliest first, up by webhook. In the order of the webhooks' ids. */
export function tallies<T extends Tried>(attempts: readonly T[]): readonly Tally<T>[] {
  const sums = new Map<string, Tally<T>>();
  for (const attempt of attempts) {
    sums.set(attempt.webhookUuid, added(sums.get(attempt.webhookUuid), attempt));
  }
  return [...sums.values()].sort((a, b) => (a.last.webhookUuid < b.last.webhookUuid ? -1 : 1));
}

function added<T extends Tried>(sum: Tally<T> | undefined, last: T): Tally<T> {
  const hasSucceeded = last.outcome === "SUCCEEDED";
  return {
    last,
    failureCount: hasSucceeded ? 0 : (sum?.failureCount ?? 0) + 1,
    hasFailed: !hasSucceeded || (sum?.hasFailed ?? false),
    hasSucceeded: hasSucceeded || (sum?.hasSucceeded ?? false),
    isGone: last.isGone || (sum?.isGone ?? false),
  };
}
