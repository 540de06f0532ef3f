import type { Attempt } from "../domain/delivery.ts";
import type { Waits } from "../domain/waits.ts";
import type { Held } from "./partitions.ts";

/** An attempt to be recorded; what it belongs to stands in its result. Ids are UUIDs. */
export type NewAttempt = Omit<
  Attempt,
  "id" | "deliveryId" | "eventId" | "eventType" | "webhookId"
> & {
  readonly uuid: string;
  /** What its delivery waited for since the attempt before, or since it was made. */
  readonly waits: Waits;
};

/** The webhook that an attempt was made to, as it was known then. */
export interface Aim {
  readonly version: string;
  /** The version of the last change of its URL or state. */
  readonly targetVersion: string;
}

/** What an attempt came to, and what it leaves behind. Ids are UUIDs. */
export interface Result {
  readonly held: Held;
  readonly day: string;
  readonly deliveryUuid: string;
  /** Whose the workspace is; empty without an attempt. */
  readonly provider: string;
  readonly workspaceUuid: string;
  readonly webhookUuid: string;
  readonly eventUuid: string;
  readonly eventType: string;
  /** Absent when the delivery ends without an attempt. */
  readonly attempt?: NewAttempt;
  readonly state: "PENDING" | "SUCCEEDED" | "EXHAUSTED" | "CANCELED";
  readonly stateReason: string;
  /** When it is due again; only with PENDING. */
  readonly dueAt?: Date;
  /** Nothing is sent to the webhook before this time. */
  readonly laneBlockedUntil?: Date;
  /** The webhook as the attempt found it; with an attempt. */
  readonly aim?: Aim;
  /** The receiver said 410. */
  readonly isGone?: boolean;
  /** Whether somebody watches the workspace's attempts. */
  readonly isWatched: boolean;
}
