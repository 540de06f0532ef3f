import { createHmac, timingSafeEqual } from "node:crypto";

const toleranceS = 300;

/** Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature, and the body as it came. */
export function verifyStandard({ secret, id, timestamp, signature = "", body }) {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (key.length === 0) throw new Error("the secret is empty");
  const isInTime = Math.abs(Date.now() / 1000 - Number(timestamp)) <= toleranceS;
  const hmac = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
  const expected = `v1,${hmac.digest("base64")}`;
  return isInTime && signature.split(" ").some((one) => isSame(one, expected));
}

/** HMAC-SHA256 of the body, in hex, in a header of the provider's: X-Acme-Signature. */
export function verifyHmac({ secret, signature = "", body }) {
  if (secret === "") throw new Error("the secret is empty");
  return isSame(signature, createHmac("sha256", secret).update(body).digest("hex"));
}

function isSame(a, b) {
  const [given, expected] = [Buffer.from(a), Buffer.from(b)];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
