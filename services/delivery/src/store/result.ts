import type { Attempt } from "../domain/delivery.ts";
import type { Held } from "./partitions.ts";

/** An attempt to be recorded; what it belongs to stands in its result. Ids are UUIDs. */
export type NewAttempt = Omit<
  Attempt,
  "id" | "deliveryId" | "eventId" | "eventType" | "webhookId"
> & { readonly uuid: string };

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
  /** The version of the webhook that answered 410. */
  readonly disableVersion?: string;
  /** Whether somebody watches the workspace's attempts. */
  readonly isWatched: boolean;
}
