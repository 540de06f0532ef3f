import { masterKey, newDataKey, newMasterKey, signingSeed } from "@posthorn/sealing";
import { newSecret, type Signature, signingKeyOf, verify } from "@posthorn/signature";
import { describe, expect, test } from "vitest";
import { signedHeaders, type Unsigned } from "./signing.ts";

const now = new Date("2026-03-02T09:30:00.500Z");
const nowS = Math.floor(now.getTime() / 1000);
const { dataKey } = newDataKey(masterKey(newMasterKey()));
const body = Buffer.from('{"a":1}');
const url = "https://example.com/hooks";
const header = "X-Acme-Signature";

/** A webhook in a rotation that overlaps, after one whose overlap is over. */
function setup(...signatures: Signature[]) {
  const [present, old, ended] = [newSecret(), newSecret(), newSecret()];
  const secrets = [
    { text: present, expireAt: undefined },
    { text: old, expireAt: new Date(now.getTime() + 1) },
    { text: ended, expireAt: now },
  ];
  const webhook = { id: "wh_1", url, secrets };
  const provider = { signatures, dataKey, sendsUnsigned: true };
  const contentType = "application/json";
  const headers = signedHeaders({ webhook, provider, now, id: "evt_1", contentType, body });
  const publicKeyOf = (secret: string) =>
    signingKeyOf(signingSeed(dataKey, { webhookId: "wh_1", secret })).publicKey;
  const isGenuine = (signature: Signature, key: string) => {
    const request = { method: "POST", url };
    const received = { secrets: [key], headers, body, nowS, request };
    return "ok" in verify({ ...signature, ...received });
  };
  return { present, old, ended, headers, publicKeyOf, isGenuine };
}

test.each<Signature>([
  { scheme: "standard" },
  { scheme: "svix" },
  { scheme: "timestamped-hmac", header },
])("signs with every secret that has not ended: $scheme", (signature) => {
  const { isGenuine, present, old, ended } = setup(signature);
  const results = [present, old, ended].map((secret) => isGenuine(signature, secret));
  expect(results).toEqual([true, true, false]);
});

test.each<Signature>([{ scheme: "hmac", header }, { scheme: "rfc9421" }])(
  "signs with the newest secret alone: $scheme",
  (signature) => {
    const { isGenuine, present, old } = setup(signature);
    expect([present, old].map((secret) => isGenuine(signature, secret))).toEqual([true, false]);
  },
);

test.each<[Signature, boolean[]]>([
  [{ scheme: "standard-ed25519" }, [true, true, false]],
  [{ scheme: "rfc9421", algorithm: "ed25519" }, [true, false, false]],
])("signs %j with keys of the webhook's own", (signature, expected) => {
  const { isGenuine, publicKeyOf, present, old, ended } = setup(signature);
  const keys = [present, old, ended].map(publicKeyOf);
  expect(keys.map((key) => isGenuine(signature, key))).toEqual(expected);
});

test("signs in every way that the provider names", () => {
  const ways = [
    { scheme: "standard" },
    { scheme: "standard-ed25519" },
    { scheme: "hmac", header, prefix: "sha256=" },
    { scheme: "rfc9421" },
  ] as const;
  const { headers, isGenuine, present, publicKeyOf } = setup(...ways);
  const keys = [present, publicKeyOf(present), present, present];
  expect(ways.map((way, index) => isGenuine(way, keys[index] ?? ""))).toEqual(Array(4).fill(true));
  expect(headers["webhook-signature"]?.split(" ")).toHaveLength(4);
  expect(headers["signature-input"]).toContain('keyid="wh_1"');
});

test("tells id and time whatever the scheme", () => {
  expect(setup({ scheme: "hmac", header }).headers).toMatchObject({
    "webhook-id": "evt_1",
    "webhook-timestamp": String(nowS),
  });
});

describe("a webhook without a secret", () => {
  const headersOf = (secrets: Unsigned["webhook"]["secrets"], sendsUnsigned: boolean) =>
    signedHeaders({
      webhook: { id: "wh_1", url, secrets },
      provider: { signatures: [{ scheme: "hmac", header }], dataKey, sendsUnsigned },
      ...{ now, id: "evt_1", contentType: "application/json", body },
    });

  test("gets no signature where the provider's policy says so", () => {
    const expected = { "webhook-id": "evt_1", "webhook-timestamp": String(nowS) };
    expect(headersOf([], true)).toEqual(expected);
  });

  test.each([
    ["is sent nothing elsewhere", [], false],
    ["is sent nothing when its secret has ended", [{ text: "old", expireAt: now }], true],
  ] as const)("%s", (_name, secrets, sendsUnsigned) => {
    expect(() => headersOf(secrets, sendsUnsigned)).toThrow("wh_1 has no secret to sign with");
  });
});
