import type { VerifyOptions } from "../verify.ts";

/**
 * What about a message keeps it from being verified. The last two are what is left when nothing
 * surer can be told: no digest says whether the secret or what it was made of is another.
 */
export type FaultReason =
  | "header_missing"
  | "header_repeated"
  | "header_malformed"
  | "timestamp_malformed"
  | "timestamp_too_old"
  | "timestamp_too_new"
  | "secret_missing"
  | "secret_malformed"
  | "secret_form"
  | "encoding"
  | "body_reserialized"
  | "body_changed"
  | "url"
  | "secret_or_body"
  | "secret_or_url";

/** One thing that is wrong. Neither sentence repeats a secret. */
export interface SignatureFault {
  readonly reason: FaultReason;
  /** What is wrong: a sentence without a final stop. */
  readonly problem: string;
  /** What to do about it: a sentence without a final stop. */
  readonly advice: string;
}

/** A message as it may have been meant, and what is wrong if it verifies like that. */
export interface Guess {
  readonly faults: readonly SignatureFault[];
  readonly options: VerifyOptions;
}
