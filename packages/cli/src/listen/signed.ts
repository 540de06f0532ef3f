import { createHash } from "node:crypto";
import type { delivery } from "@posthorn/client";
import { isAsymmetric, type Signature, signAll, signingKeyOf } from "@posthorn/signature";
import { toSignature } from "./signatures.ts";

/** What a program under test verifies with. */
export interface ListenKeys {
  readonly secret: string;
  /** Of Ed25519; undefined where the provider does not sign by it. */
  readonly publicKey: string | undefined;
}

/** Gives what deliveries of a provider are verified with, all of it made from one secret. */
export function keysOf(secret: string, signatures: readonly Signature[]): ListenKeys {
  const needsPair = signatures.some(isAsymmetric);
  return { secret, publicKey: needsPair ? pairOf(secret).publicKey : undefined };
}

/** Gives the headers that a delivery of the event would have, signed with the secret. */
export function signedHeaders(
  { event, body, signatures, userAgent }: delivery.WatchedEvent,
  { url, secret, now }: { url: string; secret: string; now: Date },
): Record<string, string> {
  const id = event?.id ?? "";
  const timestampS = Math.floor(now.getTime() / 1_000);
  const contentType = "application/json";
  const signings = signatures.map(toSignature).map((signature) => ({
    ...signature,
    secrets: [isAsymmetric(signature) ? pairOf(secret).secret : secret],
  }));
  const request = { method: "POST", url, contentType };
  return {
    "content-type": contentType,
    "user-agent": userAgent,
    "webhook-id": id,
    "webhook-timestamp": String(timestampS),
    ...signAll(signings, { id, timestampS, body, request }),
  };
}

function pairOf(secret: string) {
  return signingKeyOf(createHash("sha256").update(`posthorn listen ${secret}`).digest());
}
