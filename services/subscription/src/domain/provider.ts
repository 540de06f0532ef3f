import type { ConnectionPolicy } from "./connection-policy.ts";
import type { Envelope } from "./envelope.ts";
import { defaultRetryDelaysMs } from "./retry-delays.ts";
import type { SecretPolicy } from "./secret-policy.ts";
import { isAsymmetric, type Signature, takesSeveral } from "./signature.ts";
import type { EventTypeSelection, WebhookFormField } from "./webhook-form.ts";

/** What becomes of an event whose type is not in the catalog. */
export type UnknownEventTypes = "REFUSE" | "CREATE";

/** What a provider's file says, but for its catalog; unset where the file says nothing. */
export interface ProviderSettings {
  readonly name: string;
  readonly displayName: string;
  readonly userAgent: string;
  readonly keyPrefix: string;
  readonly unknownEventTypes: UnknownEventTypes;
  readonly workspacesMustExist: boolean;
  readonly signatures: readonly Signature[];
  readonly retryDelaysMs: readonly number[] | undefined;
  readonly webhooksPerWorkspaceMax: number;
  readonly envelopes: readonly Envelope[];
  readonly secrets: SecretPolicy;
  readonly eventTypeSelection: EventTypeSelection;
  readonly webhookFields: readonly WebhookFormField[];
  readonly webhooksStartPaused: boolean;
  readonly connections: ConnectionPolicy | undefined;
  /** Which other system's REST API its keys may use. Empty: none. */
  readonly compat: string;
}

/** A provider as it is stored. */
export interface Provider extends ProviderSettings {
  /** Raised by each change of the provider or its catalog. */
  readonly revision: bigint;
  /** The revision that brought the present envelopes; 0 where the file never named any. */
  readonly envelopeRevision: bigint;
  /** The key that seals its secrets, wrapped by the master key. */
  readonly wrappedDataKey: Uint8Array;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The settings of a provider whose file holds its name only. */
export function bareProvider(name: string): ProviderSettings {
  return {
    name,
    displayName: "",
    userAgent: "",
    keyPrefix: "",
    unknownEventTypes: "REFUSE",
    workspacesMustExist: false,
    signatures: [],
    retryDelaysMs: undefined,
    webhooksPerWorkspaceMax: 0,
    envelopes: [],
    secrets: {},
    eventTypeSelection: "ANY",
    webhookFields: [],
    webhooksStartPaused: false,
    connections: undefined,
    compat: "",
  };
}

const namePattern = /^[a-z][a-z0-9-]{0,62}$/;

/** Tells whether a text may be the name of a provider. */
export function isProviderName(text: string): boolean {
  return namePattern.test(text);
}

/** Gives the name that people see; never empty. */
export function displayNameOf(provider: ProviderSettings): string {
  return provider.displayName === "" ? provider.name : provider.displayName;
}

/** Gives the `user-agent` of deliveries: printable ASCII, never empty. */
export function userAgentOf(provider: ProviderSettings): string {
  if (provider.userAgent !== "") return provider.userAgent;
  // A product's name in this header is a token (RFC 9110, section 10.1.5).
  const token = displayNameOf(provider)
    .replace(/[^A-Za-z0-9!#$%&'*+.^_`|~-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${token === "" ? provider.name : token}-Webhooks/1.0`;
}

/** Gives what the provider's API keys begin with; never empty. */
export function keyPrefixOf(provider: ProviderSettings): string {
  return provider.keyPrefix === "" ? "ph_" : provider.keyPrefix;
}

/** Gives how deliveries are signed; never empty. */
export function signaturesOf(provider: ProviderSettings): readonly Signature[] {
  return provider.signatures.length === 0 ? [{ scheme: "STANDARD" }] : provider.signatures;
}

/** Tells whether receivers verify with the webhook's secret; else nobody outside needs it. */
export function sharesSecrets(provider: ProviderSettings): boolean {
  return signaturesOf(provider).some((signature) => !isAsymmetric(signature));
}

/** Tells whether receivers verify with the webhook's public keys. */
export function hasPublicKeys(provider: ProviderSettings): boolean {
  return signaturesOf(provider).some(isAsymmetric);
}

/** Tells which signatures can carry an old secret's beside the new one's. */
export function overlapping(provider: ProviderSettings): "all" | "some" | "none" {
  const signatures = signaturesOf(provider);
  if (signatures.every(takesSeveral)) return "all";
  return signatures.some(takesSeveral) ? "some" : "none";
}

/** Gives the waits before further attempts, in milliseconds. Empty: nothing is tried again. */
export function retryDelaysOf(provider: ProviderSettings): readonly number[] {
  return provider.retryDelaysMs ?? defaultRetryDelaysMs;
}

/** Gives how many webhooks a workspace may have. */
export function webhooksMaxOf(provider: ProviderSettings): number {
  return provider.webhooksPerWorkspaceMax === 0 ? 50 : provider.webhooksPerWorkspaceMax;
}
