import { newSecret, newSigningKey, signAll, verify } from "@posthorn/signature";

const secret = newSecret();
const pair = newSigningKey();
const message = {
  id: "evt_1",
  timestampS: 1_760_000_000,
  body: Buffer.from("{}"),
  request: { method: "POST", url: "https://example.com/hooks", contentType: "application/json" },
};
export const headers = signAll(
  [
    { scheme: "standard", secrets: [secret] },
    { scheme: "standard-ed25519", secrets: [pair.secret] },
    { scheme: "timestamped-hmac", header: "X-Acme-Signature", secrets: [secret] },
    { scheme: "rfc9421", algorithm: "ed25519", secrets: [pair.secret] },
  ],
  message,
);
export const result = verify({
  scheme: "rfc9421",
  algorithm: "ed25519",
  secrets: [pair.publicKey],
  headers,
  body: message.body,
  nowS: message.timestampS,
  request: message.request,
});
