import type { Delivery, StoredState } from "./delivery.ts";
import { soughtBy } from "./sought.ts";

/** Which events a replay sends; see Replay.Filter in the protos. */
export type ReplayFilter = "FAILED" | "MISSING" | "ALL" | "DELIVERIES";

/** Where a replay stands; see Replay.State in the protos. */
export type ReplayState = "RUNNING" | "PAUSED" | "COMPLETED" | "CANCELED";

/** Which deliveries a replay with the filter DELIVERIES was made from; ids are the API's. */
export interface DeliverySelection {
  readonly webhook?: string;
  readonly event?: string;
  readonly eventType?: string;
  /** As it is shown. */
  readonly state?: StoredState | "HELD";
  readonly statusCode?: number;
  readonly connection?: string;
  /** An id, or how the event type begins. */
  readonly query?: string;
}

/** A job that sends events again, as stored. */
export interface Replay {
  /** `rpl_` + 26 characters. */
  readonly id: string;
  /** Undefined for deliveries of more than one webhook. */
  readonly webhookId: string | undefined;
  /** Undefined when the events go to their own webhook. */
  readonly toWebhookId: string | undefined;
  readonly filter: ReplayFilter;
  readonly selection: DeliverySelection;
  readonly after: Date;
  readonly before: Date;
  /** Deliveries made a second, at most; 0 for no limit. */
  readonly perSecond: number;
  readonly state: ReplayState;
  readonly stateReason: string;
  /** Everything before this time has been looked at. */
  readonly progressAt: Date;
  /** Whether the whole range has been looked at. */
  readonly isScanned: boolean;
  readonly matchedCount: number;
  readonly createdCount: number;
  readonly succeededCount: number;
  readonly failedCount: number;
  readonly canceledCount: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Undefined before it has ended. */
  readonly endedAt: Date | undefined;
}

/** What became of an event at a webhook. */
export interface EventFacts {
  /** Whether there is a delivery at all, tests left out. */
  readonly isDelivered: boolean;
  /** Whether one ended as EXHAUSTED, or as CANCELED by a defect of ours. */
  readonly hasFailed: boolean;
  /** Whether one succeeded or is still open. */
  readonly isTakenCareOf: boolean;
}

/** Tells whether an event that the webhook subscribes is sent again. */
export function isWanted(filter: Exclude<ReplayFilter, "DELIVERIES">, facts: EventFacts): boolean {
  switch (filter) {
    case "FAILED":
      return facts.hasFailed && !facts.isTakenCareOf;
    case "MISSING":
      return !facts.isDelivered;
    case "ALL":
      return true;
  }
}

/** What selecting a delivery has to know of it; `state` is the one that is shown. */
export interface SelectableDelivery
  extends Pick<Delivery, "id" | "webhookId" | "eventId" | "eventType" | "connectionId"> {
  readonly state: StoredState | "HELD";
  /** 0 before the first answer. */
  readonly lastStatusCode: number;
}

/** Tells whether a delivery is what was asked for; what is absent does not narrow. */
export function isSelected(selection: DeliverySelection, delivery: SelectableDelivery): boolean {
  const { webhook, event, eventType, state, statusCode, connection, query = "" } = selection;
  const sought = soughtBy(query);
  return (
    (sought.delivery || delivery.id) === delivery.id &&
    (sought.event || delivery.eventId) === delivery.eventId &&
    (sought.webhook || delivery.webhookId) === delivery.webhookId &&
    delivery.eventType.startsWith(sought.typePrefix) &&
    (webhook ?? delivery.webhookId) === delivery.webhookId &&
    (event ?? delivery.eventId) === delivery.eventId &&
    (eventType ?? delivery.eventType) === delivery.eventType &&
    (state ?? delivery.state) === delivery.state &&
    (statusCode ?? delivery.lastStatusCode) === delivery.lastStatusCode &&
    (connection ?? delivery.connectionId) === delivery.connectionId
  );
}

/** What of a page of candidates is sent again. */
export interface Choice<C> {
  readonly chosen: readonly C[];
  /** The last one that was looked at; undefined when there was none. */
  readonly last: C | undefined;
  /** Whether all of the page was looked at. */
  readonly isWhole: boolean;
}

/** Goes through candidates in order until `countMax` (at least 1) of those wanted are found. */
export function choose<C>(
  candidates: readonly C[],
  isChosen: (candidate: C) => boolean,
  countMax: number,
): Choice<C> {
  const chosen: C[] = [];
  for (const [index, candidate] of candidates.entries()) {
    if (!isChosen(candidate)) continue;
    chosen.push(candidate);
    if (chosen.length < countMax) continue;
    return { chosen, last: candidate, isWhole: index === candidates.length - 1 };
  }
  return { chosen, last: candidates.at(-1), isWhole: true };
}
