import { type Filter, FilterError, FilterEvent } from "@posthorn/filter";
import { patternFor } from "./patterns.ts";

/** What matching has to know of a webhook. */
export interface Matchable {
  readonly id: string;
  /** Exact names and `prefix.*` patterns; empty matches every type. */
  readonly eventTypes: readonly string[];
  readonly state: "ACTIVE" | "PAUSED" | "DISABLED";
  /** Whether events that come while the user has paused it are skipped, or held as deliveries. */
  readonly whenPaused: "SKIP" | "HOLD";
  /** Which events of its types it wants; undefined: all. Webhooks of one filter share one function. */
  readonly filterOf: Filter | undefined;
}

/** What matching has to know of an event. */
export interface MatchableEvent {
  readonly type: string;
  /** Read only when a webhook that subscribes the type has a filter. */
  readonly forFilters: FilterEvent;
  /** Whether the first sync of its connection withholds it. */
  readonly isInFirstSync?: boolean;
}

/** What matching reads of an event. */
export type EventFacts = ConstructorParameters<typeof FilterEvent>[0] &
  Pick<MatchableEvent, "isInFirstSync">;

/** Gives an event to matching, which reads of it what filters ask for. */
export function matchableEvent(facts: EventFacts): MatchableEvent {
  const { type, isInFirstSync = false } = facts;
  return { type, forFilters: new FilterEvent(facts), isInFirstSync };
}

/** What an event is withheld by from everyone. */
export interface Withholding {
  /** Which events of a type are sent to anyone; of types that are not in it: all. */
  readonly typeFilters: ReadonlyMap<string, Filter>;
}

/** Why an event is sent to no webhook, whatever it subscribes. */
export interface Withheld {
  readonly reason: "TYPE_FILTERED" | "FIRST_SYNC";
  /** With TYPE_FILTERED: what went wrong, where the filter gave neither true nor false. */
  readonly detail?: string;
}

/** Why a webhook that subscribes the type gets no delivery. */
export interface Skipped {
  readonly webhook: string;
  readonly reason:
    | "WEBHOOK_PAUSED"
    | "WEBHOOK_DISABLED"
    | "FILTERED"
    | "FILTER_ERROR"
    | Withheld["reason"];
  /** With FILTER_ERROR, and of a withheld event: what went wrong. */
  readonly detail?: string;
}

/** What becomes of an event at one webhook. */
export type Verdict =
  /** `matchedBy` is the pattern that names the type; empty when the webhook takes all types. */
  | { readonly kind: "delivered"; readonly matchedBy: string }
  | { readonly kind: "skipped"; readonly skipped: Skipped }
  | { readonly kind: "unsubscribed" };

/** The webhooks that get a delivery, and those that subscribe the type and get none. */
export interface Matches<W extends Matchable> {
  readonly deliver: readonly { readonly webhook: W; readonly matchedBy: string }[];
  /** At most `skippedMax`. */
  readonly skipped: readonly Skipped[];
  /** How many were skipped, listed or not. */
  readonly skippedCount: number;
}

/** Webhooks that an event lists as skipped, at most. */
export const skippedMax = 250;

/** Tells why nobody gets an event; undefined when nothing withholds it. */
export function withheldOf(
  { type, forFilters, isInFirstSync }: MatchableEvent,
  { typeFilters }: Withholding,
): Withheld | undefined {
  if (isInFirstSync === true) return { reason: "FIRST_SYNC" };
  const isSent = typeFilters.get(type)?.(forFilters) ?? true;
  if (isSent === true) return undefined;
  const reason = "TYPE_FILTERED";
  return isSent === false ? { reason } : { reason, detail: isSent.message };
}

/**
 * Tells which of a workspace's webhooks an event is for, and why it is not for the others.
 * `withheld` is why nobody gets it, if so.
 */
export function matchWebhooks<W extends Matchable>(
  event: MatchableEvent,
  webhooks: Iterable<W>,
  withheld?: Withheld,
): Matches<W> {
  const deliver: { webhook: W; matchedBy: string }[] = [];
  const skipped: Skipped[] = [];
  let skippedCount = 0;
  const wants = onceForEachFilter(event);
  for (const webhook of webhooks) {
    const verdict = judge(event.type, webhook, { wants, withheld });
    if (verdict.kind === "delivered") deliver.push({ webhook, matchedBy: verdict.matchedBy });
    if (verdict.kind !== "skipped") continue;
    skippedCount += 1;
    if (skipped.length < skippedMax) skipped.push(verdict.skipped);
  }
  return { deliver, skipped, skippedCount };
}

/** Tells what becomes of an event at one webhook. */
export function matchWebhook(
  event: MatchableEvent,
  webhook: Matchable,
  withheld?: Withheld,
): Verdict {
  return judge(event.type, webhook, { wants: (filter) => filter(event.forFilters), withheld });
}

type Wants = (filter: Filter) => boolean | FilterError;

/**
 * A webhook that is off is skipped, and gets nothing, now or later; one that the user has paused
 * may ask for deliveries that wait. What a filter leaves out is not blamed on a pause, and what
 * nobody gets is not blamed on the webhook.
 */
function judge(
  type: string,
  webhook: Matchable,
  { wants, withheld }: { wants: Wants; withheld: Withheld | undefined },
): Verdict {
  const matchedBy = patternFor(type, webhook.eventTypes);
  if (matchedBy === undefined) return { kind: "unsubscribed" };
  if (withheld) return skip(webhook, withheld.reason, withheld.detail);
  const wanted = webhook.filterOf === undefined || wants(webhook.filterOf);
  if (wanted instanceof FilterError) return skip(webhook, "FILTER_ERROR", wanted.message);
  if (!wanted) return skip(webhook, "FILTERED");
  const isHeld = webhook.state === "PAUSED" && webhook.whenPaused === "HOLD";
  if (webhook.state === "ACTIVE" || isHeld) return { kind: "delivered", matchedBy };
  return skip(webhook, `WEBHOOK_${webhook.state}`);
}

function skip({ id }: Matchable, reason: Skipped["reason"], detail?: string): Verdict {
  const skipped = detail === undefined ? { webhook: id, reason } : { webhook: id, reason, detail };
  return { kind: "skipped", skipped };
}

/** Webhooks that share a filter share its answer. */
function onceForEachFilter(event: MatchableEvent): Wants {
  const answers = new Map<Filter, boolean | FilterError>();
  return (filter) => {
    const known = answers.get(filter);
    if (known !== undefined) return known;
    const answer = filter(event.forFilters);
    answers.set(filter, answer);
    return answer;
  };
}

/** Tells whether a list of exact names and `prefix.*` patterns names the type. */
export function isSubscribed(eventType: string, patterns: readonly string[]): boolean {
  return patternFor(eventType, patterns) !== undefined;
}
