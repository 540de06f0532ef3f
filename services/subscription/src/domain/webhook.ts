/** Whether a webhook is sent to: PAUSED by the user, DISABLED by us. */
export type WebhookState = "ACTIVE" | "PAUSED" | "DISABLED";

/** Why we disabled a webhook. */
export type DisabledReason = "GONE" | "FAILING";

/** What becomes of events that are published while the user has paused a webhook. */
export type WhenPaused = "SKIP" | "HOLD";

/** What a caller may set of a webhook. */
export interface WebhookDraft {
  readonly name: string;
  readonly description: string;
  readonly url: string;
  /** Exact names, or `prefix.*`. Empty: all. */
  readonly eventTypes: readonly string[];
  readonly state: WebhookState;
  /** Names and values as the caller gave them; `***` stands for a stored value. */
  readonly headers: Readonly<Record<string, string>>;
  /** 0: the default. */
  readonly inFlightMax: number;
  /** Undefined: the default. */
  readonly timeoutMs: number | undefined;
  /** Undefined: the provider's. */
  readonly retryDelaysMs: readonly number[] | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** CEL; empty: every event of its types. */
  readonly filter: string;
  readonly whenPaused: WhenPaused;
  /** Attempts a second. Undefined: no limit. */
  readonly ratePerSecond: number | undefined;
  readonly isOrdered: boolean;
  /** The payload version of its deliveries. Empty in a draft: the provider's last. */
  readonly payloadVersion: string;
  /** What the caller chose. Empty: nothing, or none any more. */
  readonly secret: string;
}

/** The fields that a caller may set under any provider, by their names in proto. */
export const webhookFields = [
  "name",
  "description",
  "url",
  "event_types",
  "state",
  "headers",
  "in_flight_max",
  "timeout",
  "retry_policy",
  "metadata",
  "filter",
  "when_paused",
  "rate_limit",
  "ordered",
  "version",
] as const;

/** The fields that only we set, besides id, etag and mostly secret, by their names in proto. */
export const setByPosthorn = [
  "disabled_reason",
  "create_time",
  "update_time",
  "breaker",
  "consecutive_failures",
  "last_success_time",
  "last_failure_time",
  "public_keys",
  "has_secret",
] as const;

/** One of the fields that a caller may set, the secret where the provider lets customers choose. */
export type WebhookField = (typeof webhookFields)[number] | "secret";

/** Custom headers as they are stored: only the names in clear. */
export interface StoredHeaders {
  readonly headerNames: readonly string[];
  /** A sealed JSON object of names and values; empty: no headers. */
  readonly sealedHeaders: Uint8Array;
}

/** A webhook's settings as they are stored. */
export interface WebhookSettings extends Omit<WebhookDraft, "headers" | "secret">, StoredHeaders {
  /** Set in state DISABLED only. */
  readonly disabledReason: DisabledReason | undefined;
}

/** A webhook. */
export interface Webhook extends WebhookSettings {
  /** `wh_` + 26 characters. */
  readonly id: string;
  /** The workspace's version at its last change. */
  readonly version: bigint;
  /** The workspace's version at the last change of url or state. */
  readonly targetVersion: bigint;
  /** Open deliveries made before it are canceled. Undefined: none are. */
  readonly cancelBefore: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** How many deliveries to a webhook may be under way when it does not say. */
export const inFlightDefault = 64;

/** How long an attempt may take when the webhook does not say, in milliseconds. */
export const timeoutDefaultMs = 15_000;

/** Gives the tag that changes with every change of the webhook. */
export function etagOf(webhook: Webhook): string {
  return webhook.version.toString();
}
