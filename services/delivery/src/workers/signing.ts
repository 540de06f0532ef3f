import { type DataKey, signingSeed } from "@posthorn/sealing";
import { isAsymmetric, signAll, signingKeyOf } from "@posthorn/signature";
import type { KnownProvider, KnownWebhook } from "./subscriptions.ts";

type Secret = KnownWebhook["secrets"][number];

/** What is signed, for whom, and when. */
export interface Unsigned {
  readonly webhook: Pick<KnownWebhook, "id" | "url" | "secrets">;
  readonly provider: Pick<KnownProvider, "signatures" | "dataKey" | "sendsUnsigned">;
  readonly now: Date;
  /** The event's id. */
  readonly id: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/**
 * Gives the headers that identify a request and sign it in each of the provider's ways, with the
 * secrets that are good now. A webhook that has none gets no signature where the provider's policy
 * lets it have none; anywhere else, and when all have ended, that is a defect.
 */
export function signedHeaders({
  webhook,
  provider,
  now,
  id,
  contentType,
  body,
}: Unsigned): Record<string, string> {
  const secrets = webhook.secrets.filter(
    ({ expireAt }) => expireAt === undefined || expireAt > now,
  );
  const timestampS = Math.floor(now.getTime() / 1000);
  const identity = { "webhook-id": id, "webhook-timestamp": String(timestampS) };
  if (secrets.length === 0) {
    if (webhook.secrets.length === 0 && provider.sendsUnsigned) return identity;
    throw new Error(`webhook ${webhook.id} has no secret to sign with`);
  }
  const request = { method: "POST", url: webhook.url, contentType, keyId: webhook.id };
  const signings = provider.signatures.map((signature) => ({
    ...signature,
    secrets: secrets.map((secret) =>
      isAsymmetric(signature) ? privateKeyOf(secret, webhook.id, provider.dataKey) : secret.text,
    ),
  }));
  return { ...identity, ...signAll(signings, { id, timestampS, body, request }) };
}

/** Deriving a key takes 0.1 ms, so it is done once for each time that a webhook is learnt. */
const privateKeys = new WeakMap<Secret, string>();

function privateKeyOf(secret: Secret, webhookId: string, dataKey: DataKey): string {
  const known = privateKeys.get(secret);
  if (known !== undefined) return known;
  const made = signingKeyOf(signingSeed(dataKey, { webhookId, secret: secret.text })).secret;
  privateKeys.set(secret, made);
  return made;
}
