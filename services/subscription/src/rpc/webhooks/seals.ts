import { type DataKey, open, seal } from "@posthorn/sealing";
import type { Headers } from "../../domain/headers.ts";
import type { StoredHeaders } from "../../domain/webhook.ts";

/** Seals a webhook's signing secret; only good for that webhook. */
export function sealSecret(dataKey: DataKey, webhookId: string, secret: string): Uint8Array {
  return seal(dataKey, new TextEncoder().encode(secret), `secret:${webhookId}`);
}

/** Opens what sealSecret sealed. */
export function openSecret(dataKey: DataKey, webhookId: string, sealed: Uint8Array): string {
  return new TextDecoder().decode(open(dataKey, sealed, `secret:${webhookId}`));
}

/** Seals a webhook's custom headers; only good for that webhook. */
export function sealHeaders(dataKey: DataKey, webhookId: string, headers: Headers): StoredHeaders {
  const headerNames = Object.keys(headers);
  if (headerNames.length === 0) return { headerNames, sealedHeaders: new Uint8Array() };
  const plaintext = new TextEncoder().encode(JSON.stringify(headers));
  return { headerNames, sealedHeaders: seal(dataKey, plaintext, `headers:${webhookId}`) };
}

/** Opens what sealHeaders sealed. */
export function openHeaders(
  dataKey: DataKey,
  webhookId: string,
  { sealedHeaders }: StoredHeaders,
): Headers {
  if (sealedHeaders.length === 0) return {};
  const plaintext = open(dataKey, sealedHeaders, `headers:${webhookId}`);
  // Only sealHeaders writes it.
  return JSON.parse(new TextDecoder().decode(plaintext)) as Headers;
}
