import type { Skipped, Verdict } from "./match.ts";

/** Whether an event is for a webhook; see WebhookExplanation.Verdict in the protos. */
export type EventVerdict =
  | "MATCHED"
  | "NOT_SUBSCRIBED"
  | "CREATED_LATER"
  | "CHANGED_LATER"
  | Skipped["reason"];

/** What is known of an event and a webhook. */
export interface ExplanationFacts {
  readonly eventType: string;
  readonly acceptedAt: Date;
  /** From the webhook's id. */
  readonly createdAt: Date;
  /** Undefined when it was deleted since. */
  readonly webhook: { readonly eventTypes: readonly string[]; readonly filter: string } | undefined;
  /** The pattern by which the event itself made a delivery; undefined when it made none. */
  readonly matchedBy: string | undefined;
  /** Whether a test made the event, for this webhook alone. */
  readonly isTest: boolean;
  /** Why it made none, as the event remembers; undefined when it remembers nothing. */
  readonly skipped: Skipped | undefined;
  /** Whether the event remembers every webhook that it skipped. */
  readonly isSkippedWhole: boolean;
  /** What matching would come to now; undefined when the webhook was deleted. */
  readonly now: Verdict | undefined;
}

/** Why a webhook got an event or did not. */
export interface Explanation {
  readonly verdict: EventVerdict;
  /** One sentence. */
  readonly description: string;
}

/** Event types that a sentence names, at most. */
const namedMax = 5;

/** Explains why a webhook got an event, or did not, by what was noted then and what is known now. */
export function explain(facts: ExplanationFacts): Explanation {
  const { matchedBy, skipped, createdAt, acceptedAt, now } = facts;
  if (facts.isTest) return { verdict: "MATCHED", description: "the event was made to test it" };
  if (matchedBy !== undefined) return { verdict: "MATCHED", description: whyMatched(facts) };
  if (skipped) return { verdict: skipped.reason, description: skippedInWords(skipped, "then") };
  if (createdAt > acceptedAt) {
    const times = `${createdAt.toISOString()}, and the event came at ${acceptedAt.toISOString()}`;
    return { verdict: "CREATED_LATER", description: `it was created at ${times}` };
  }
  if (now?.kind === "skipped" && !facts.isSkippedWhole) {
    return { verdict: now.skipped.reason, description: skippedInWords(now.skipped, "now") };
  }
  if (now?.kind === "unsubscribed") {
    const description = unsubscribedInWords(facts.webhook?.eventTypes ?? [], facts.eventType);
    return { verdict: "NOT_SUBSCRIBED", description };
  }
  const description = `it did not subscribe ${facts.eventType} when the event came; it was changed since`;
  return { verdict: "CHANGED_LATER", description };
}

function whyMatched({ matchedBy, eventType, webhook }: ExplanationFacts): string {
  const by =
    matchedBy === ""
      ? "it takes all event types"
      : `its event type ${matchedBy} names ${eventType}`;
  const isFiltered = webhook !== undefined && webhook.filter !== "";
  return isFiltered ? `${by}, and its filter let the event pass` : by;
}

/** Tells in one sentence that a webhook's event types do not name a type. */
export function unsubscribedInWords(eventTypes: readonly string[], eventType: string): string {
  const more = eventTypes.length - namedMax;
  const named = eventTypes.slice(0, namedMax).join(", ") + (more > 0 ? `, and ${more} more` : "");
  return `its event types (${named}) do not name ${eventType}`;
}

/** Tells in one sentence why a webhook gets no delivery: of an event that came, or would come. */
export function skippedInWords({ reason, detail }: Skipped, when: "then" | "now"): string {
  const was = when === "then" ? "was" : "is";
  switch (reason) {
    case "WEBHOOK_PAUSED":
      return `it ${was} paused, and skips events meanwhile; a replay can send what it missed`;
    case "WEBHOOK_DISABLED":
      return `it ${was} disabled; a replay can send what it missed`;
    case "FILTERED":
      return when === "then" ? "its filter said no" : "its filter says no";
    case "FILTER_ERROR":
      return `its filter cannot be evaluated on the event: ${detail}`;
    case "TYPE_FILTERED":
      if (detail === undefined) return "the provider sends no such event of the type to anyone";
      return `the provider's filter of the type cannot be evaluated on the event: ${detail}`;
    case "FIRST_SYNC":
      return when === "then"
        ? "the first sync of the event's connection ran; nothing sends it later"
        : "the first sync of the event's connection runs; nothing would send it later";
  }
}
