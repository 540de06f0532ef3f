import type { EnvelopePin } from "./envelope.ts";
import type { Waits } from "./waits.ts";

/** The states that are stored. HELD is shown for PENDING while the webhook is off. */
export type StoredState = "PENDING" | "SUCCEEDED" | "EXHAUSTED" | "CANCELED";

/** What made a delivery. */
export type Trigger = "EVENT" | "RESEND" | "REPLAY" | "TEST";

/** What came of an attempt; see Attempt.Outcome in the protos. */
export type Outcome =
  | "SUCCEEDED"
  | "HTTP_ERROR"
  | "TIMEOUT"
  | "DNS_ERROR"
  | "CONNECT_ERROR"
  | "TLS_ERROR"
  | "REFUSED_ADDRESS"
  | "PROTOCOL_ERROR";

/** One event for one webhook, as stored. */
export interface Delivery {
  /** `dlv_` + 26 characters; carries the event's time, so that the day is known from it. */
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly webhookId: string;
  readonly state: StoredState;
  readonly stateReason: string;
  readonly trigger: Trigger;
  readonly attemptCount: number;
  readonly failureCount: number;
  /** The pattern that matched; empty when the webhook takes all types, or something else made it. */
  readonly matchedBy: string;
  /** Undefined once it has ended. */
  readonly nextAttemptAt: Date | undefined;
  readonly createdAt: Date;
  /** The envelope that it keeps; undefined for the default one. */
  readonly pin: EnvelopePin | undefined;
  /** The connection that its event comes from; undefined for none. */
  readonly connectionId: string | undefined;
}

/** Where the time of an attempt went, in milliseconds from its start. */
export interface Timings {
  readonly dnsMs?: number | undefined;
  readonly connectMs?: number | undefined;
  readonly tlsMs?: number | undefined;
  readonly firstByteMs?: number | undefined;
}

/** One POST and what came of it, as stored. */
export interface Attempt {
  readonly id: string;
  readonly deliveryId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly webhookId: string;
  readonly number: number;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly statusCode: number;
  readonly url: string;
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBody: Uint8Array;
  readonly responseTruncated: boolean;
  readonly remoteAddress: string;
  readonly timings: Timings;
  /** What the delivery waited for from when it was due until the attempt began. */
  readonly waits: Waits;
  readonly error: string;
}

/** What showing a delivery has to know of its webhook: undefined when it is gone. */
export type WebhookState = "ACTIVE" | "PAUSED" | "DISABLED" | undefined;

/**
 * Gives the state that users see. A pending delivery of a webhook that is off is HELD, and one of
 * a webhook that is gone is CANCELED, from the moment of the change: the rows follow later.
 */
export function shownState(
  delivery: Pick<Delivery, "state" | "stateReason">,
  webhook: WebhookState,
): { readonly state: StoredState | "HELD"; readonly reason: string } {
  if (delivery.state !== "PENDING") return { state: delivery.state, reason: delivery.stateReason };
  switch (webhook) {
    case "ACTIVE":
      return { state: "PENDING", reason: delivery.stateReason };
    case "PAUSED":
    case "DISABLED":
      return { state: "HELD", reason: `WEBHOOK_${webhook}` };
    case undefined:
      return { state: "CANCELED", reason: "WEBHOOK_DELETED" };
  }
}
