/** Whether a webhook is sent to: PAUSED by the user, DISABLED by us. */
export type WebhookState = "ACTIVE" | "PAUSED" | "DISABLED";

/** Why we disabled a webhook. */
export type DisabledReason = "GONE";

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
}

/** The fields that a caller may set, by their names in proto. */
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
] as const;

/** One of the fields that a caller may set. */
export type WebhookField = (typeof webhookFields)[number];

/** Custom headers as they are stored: only the names in clear. */
export interface StoredHeaders {
  readonly headerNames: readonly string[];
  /** A sealed JSON object of names and values; empty: no headers. */
  readonly sealedHeaders: Uint8Array;
}

/** A webhook's settings as they are stored. */
export interface WebhookSettings extends Omit<WebhookDraft, "headers">, StoredHeaders {
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
