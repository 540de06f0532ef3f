import { createHash, createHmac, createPublicKey, verify } from "node:crypto";
import type { ReceivedRequest } from "@posthorn/testkit";
import { createVerifier, httpbis } from "http-message-signatures";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";

/** Tells whether a receiver that holds the key takes a request; none of this is code of ours. */
export type IsGenuine = (request: ReceivedRequest, key: string) => boolean | Promise<boolean>;

/** With the package `standardwebhooks` and the secret. */
export const byStandard: IsGenuine = ({ body, headers }, secret) =>
  passes(() => new StandardWebhook(secret).verify(body, headers));

/** With the package `svix` and the secret. */
export const bySvix: IsGenuine = ({ body, headers }, secret) =>
  passes(() => new SvixWebhook(secret).verify(body, { ...headers }));

/** By Standard Webhooks v1a, with a public key. */
export const byEd25519: IsGenuine = ({ body, headers }, publicKey) => {
  const { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": all = "" } = headers;
  const signed = Buffer.concat([Buffer.from(`${id}.${time}.`), body]);
  return all
    .split(" ")
    .filter((part) => part.startsWith("v1a,"))
    .some((part) => verify(null, signed, keyOf(publicKey), Buffer.from(part.slice(4), "base64")));
};

/** By a hex digest of the body after `prefix`, with the secret's text. */
export const byHmac =
  (header: string, prefix = ""): IsGenuine =>
  ({ body, headers }, secret) =>
    headers[header] === prefix + createHmac("sha256", secret).update(body).digest("hex");

/** By `t=...,v1=...`, with the secret's text. */
export const byTimestampedHmac =
  (header: string): IsGenuine =>
  ({ body, headers }, secret) => {
    const [time = "", ...signatures] = (headers[header] ?? "").split(",");
    const hmac = createHmac("sha256", secret)
      .update(`${time.slice(2)}.`)
      .update(body);
    return signatures.includes(`v1=${hmac.digest("hex")}`);
  };

/** With the package `http-message-signatures` and the secret's text or a public key. */
export const byRfc9421 =
  (receiverUrl: string): IsGenuine =>
  async ({ method, path, headers, body }, key) => {
    const digest = createHash("sha256").update(body).digest("base64");
    if (headers["content-digest"] !== `sha-256=:${digest}:`) return false;
    const verifier = key.startsWith("whpk_")
      ? createVerifier(keyOf(key), "ed25519")
      : createVerifier(key, "hmac-sha256");
    const requiredFields = ["@method", "content-digest", "content-type", "webhook-id"];
    const config = { keyLookup: async () => ({ verify: verifier }), requiredFields, tolerance: 5 };
    const url = new URL(path, receiverUrl);
    return (await httpbis.verifyMessage(config, { method, url, headers: { ...headers } })) === true;
  };

function keyOf(publicKey: string) {
  const x = Buffer.from(publicKey.replace("whpk_", ""), "base64").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
