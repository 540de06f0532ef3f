import { type AttemptFacts, laneBlockedUntil, nextStep, saysGone } from "../domain/next-step.ts";
import type { NewAttempt, Result } from "../store/result.ts";
import type { Item, Lane } from "./lane.ts";
import type { KnownWebhook } from "./subscriptions.ts";

/** What an attempt came to: what is written, and what the lane does next. */
export interface Conclusion {
  readonly result: Result;
  /** When the delivery is due again; undefined when it has ended. */
  readonly dueAt: Date | undefined;
  /** Until when the webhook is left alone; undefined when nothing asks for it. */
  readonly blockedUntil: Date | undefined;
  /** The receiver said 410: nothing more is sent to the webhook. */
  readonly isGone: boolean;
}

/** Concludes from an attempt what becomes of its delivery and its lane. */
export function conclude(
  {
    lane,
    item,
    webhook,
    made,
  }: { lane: Lane; item: Item; webhook: KnownWebhook; made: NewAttempt },
  at: { readonly now: Date; readonly random: number; readonly isWatched: boolean },
): Conclusion {
  const facts: AttemptFacts = {
    number: made.number,
    succeeded: made.outcome === "SUCCEEDED",
    statusCode: made.statusCode,
    retryAfter: made.responseHeaders["retry-after"],
  };
  const step = nextStep(facts, { delaysMs: webhook.delaysMs, now: at.now, random: at.random });
  const dueAt = step.kind === "retry" ? step.dueAt : undefined;
  const blockedUntil = laneBlockedUntil(facts, at.now);
  const isGone = saysGone(facts);
  const result: Result = {
    ...keyOf(lane, item),
    provider: webhook.provider,
    attempt: made,
    state: stateAfter(step.kind),
    stateReason: "",
    isWatched: at.isWatched,
    ...(dueAt && { dueAt }),
    ...(blockedUntil && { laneBlockedUntil: blockedUntil }),
    aim: webhook,
    isGone,
  };
  return { result, dueAt, blockedUntil, isGone };
}

/**
 * Ends a delivery that cannot be sent: for a defect of ours, and then it can be resent, or because
 * it was made in the moment in which its event's body went.
 */
export function parkedResult(lane: Lane, item: Item): Result {
  const stateReason = item.event.data.length === 0 ? "BODY_EXPIRED" : "PARKED";
  const parked = { state: "CANCELED", stateReason, isWatched: false } as const;
  return { ...keyOf(lane, item), provider: "", ...parked };
}

function keyOf(lane: Lane, item: Item) {
  return {
    held: lane.owned,
    day: item.day,
    deliveryUuid: item.deliveryUuid,
    workspaceUuid: lane.workspaceUuid,
    webhookUuid: lane.webhookUuid,
    eventUuid: item.event.uuid,
    eventType: item.event.type,
  };
}

function stateAfter(step: "succeeded" | "retry" | "exhausted"): Result["state"] {
  switch (step) {
    case "succeeded":
      return "SUCCEEDED";
    case "retry":
      return "PENDING";
    case "exhausted":
      return "EXHAUSTED";
  }
}
