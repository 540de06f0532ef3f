/**
 * How a message is signed: `standard` and `standard-ed25519` are Standard Webhooks v1 and v1a
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
 * `svix` is v1 under Svix's header names.
 */
export type Scheme = "standard" | "standard-ed25519" | "svix";

/** The lower-case names of the three headers of a scheme. */
export interface HeaderNames {
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
}

const standard = {
  id: "webhook-id",
  timestamp: "webhook-timestamp",
  signature: "webhook-signature",
};

/** The headers that each scheme writes and reads. */
export const headerNames: Readonly<Record<Scheme, HeaderNames>> = {
  standard,
  "standard-ed25519": standard,
  svix: { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" },
};

/** The version tag in front of each signature. */
export const versionTags: Readonly<Record<Scheme, string>> = {
  standard: "v1",
  "standard-ed25519": "v1a",
  svix: "v1",
};
