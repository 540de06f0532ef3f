import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isAsymmetric, type Signature, takesSeveral } from "./scheme.ts";
import { newSecret, newSigningKey } from "./secret.ts";
import { sign, signAll } from "./sign.ts";
import { verify } from "./verify.ts";

const header = "X-Acme-Signature";
const signatures: readonly (readonly [string, Signature])[] = [
  ["standard", { scheme: "standard" }],
  ["svix", { scheme: "svix" }],
  ["standard-ed25519", { scheme: "standard-ed25519" }],
  ["hmac", { scheme: "hmac", header }],
  ["hmac, base64 with a prefix", { scheme: "hmac", header, encoding: "base64", prefix: "a=" }],
  ["hmac, secret decoded", { scheme: "hmac", header, secretEncoding: "decoded" }],
  ["timestamped-hmac", { scheme: "timestamped-hmac", header }],
  ["rfc9421", { scheme: "rfc9421" }],
  ["rfc9421, ed25519", { scheme: "rfc9421", algorithm: "ed25519", target: "authority-and-path" }],
];
const timed = signatures.filter(([, { scheme }]) => scheme !== "hmac");
const nowS = 1_760_000_000;
const request = {
  method: "POST",
  url: "https://example.com/hooks?a=1",
  contentType: "application/json",
};

const newKey = (signature: Signature) =>
  isAsymmetric(signature) ? newSigningKey().secret : newSecret();

function setup(signature: Signature, secrets = [newKey(signature)]) {
  const body = Buffer.from('{"a":1}');
  const headers = sign({
    ...signature,
    secrets,
    id: "evt_12345678",
    timestampS: nowS,
    body,
    request,
  });
  return { ...signature, secrets, headers, body, nowS, request };
}

describe.each(signatures)("%s", (_name, signature) => {
  const secrets = [newKey(signature)];
  const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
  const bodies = fc.uint8Array({ maxLength: 2_000 });
  const times = fc.integer({ min: 0, max: 4_000_000_000 });

  test("verifies whatever it signed", () => {
    fc.assert(
      fc.property(ids, times, bodies, (id, timestampS, body) => {
        const headers = sign({ ...signature, secrets, id, timestampS, body, request });
        const received = { ...signature, secrets, headers, body, nowS: timestampS, request };
        expect(verify(received)).toEqual({ ok: true });
      }),
    );
  });

  test("notices any changed byte of the body", () => {
    fc.assert(
      fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (body, at, change) => {
        fc.pre(body.length > 0);
        const headers = sign({
          ...signature,
          secrets,
          id: "evt_1",
          timestampS: nowS,
          body,
          request,
        });
        const changed = body.map((byte, index) => byte ^ (index === at % body.length ? change : 0));
        const received = { ...signature, secrets, headers, body: changed, nowS, request };
        expect(verify(received)).toEqual({
          problem: expect.stringMatching(/^no signature matches$|^content-digest is not/),
        });
      }),
    );
  });

  test("notices any changed character of what was signed", () => {
    const message = setup(signature);
    const names = Object.keys(message.headers).filter((name) => name !== "content-type");
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat(), (name, at) => {
        const value = message.headers[name] ?? "";
        // The last digits of base64 may be changed and still stand for the same bytes.
        const index = at % (value.length - 5);
        const other = value[index] === "A" ? "B" : "A";
        const changed = value.slice(0, index) + other + value.slice(index + 1);
        const headers = { ...message.headers, [name]: changed };
        expect(verify({ ...message, headers })).toEqual({ problem: expect.any(String) });
      }),
    );
  });

  test("refuses another's secret", () => {
    const message = setup(signature);
    expect(verify({ ...message, secrets: [newKey(signature)] })).toEqual({
      problem: "no signature matches",
    });
  });

  test("takes any one of several secrets", () => {
    const message = setup(signature);
    const several = [newKey(signature), ...message.secrets];
    expect(verify({ ...message, secrets: several })).toEqual({ ok: true });
    expect(verify({ ...message, secrets: [] })).toEqual({ problem: "no signature matches" });
  });

  test("reads headers in any letter case", () => {
    const message = setup(signature);
    const entries = Object.entries(message.headers).map(([name, value]) => [
      name.toUpperCase(),
      value,
    ]);
    expect(verify({ ...message, headers: Object.fromEntries(entries) })).toEqual({ ok: true });
  });

  test("refuses a message without its headers", () => {
    expect(verify({ ...setup(signature), headers: {} })).toEqual({ problem: expect.any(String) });
  });
});

describe.each(timed)("%s knows its time", (_name, signature) => {
  const message = setup(signature);

  test.each([
    ["is old", { nowS: nowS + 301 }, "too old"],
    ["is from the future", { nowS: nowS - 301 }, "too far in the future"],
    ["comes when no clock is given", { nowS: Number.NaN }, "too old"],
    ["is older than the caller bears", { nowS: nowS + 11, toleranceS: 10 }, "too old"],
  ])("refuses a message that %s", (_case, clock, problem) => {
    expect(verify({ ...message, ...clock })).toEqual({ problem: expect.stringContaining(problem) });
  });

  test("takes one at the edge of the tolerance", () => {
    expect(verify({ ...message, nowS: nowS + 300 })).toEqual({ ok: true });
    expect(verify({ ...message, nowS: nowS - 300 })).toEqual({ ok: true });
  });
});

describe("while a rotation overlaps", () => {
  test.each(signatures.filter(([, signature]) => takesSeveral(signature)))(
    "%s carries a signature by each secret",
    (_name, signature) => {
      const [fresh, old] = [newKey(signature), newKey(signature)];
      const message = setup(signature, [fresh, old]);
      for (const secrets of [[old], [fresh], [newKey(signature), old]]) {
        expect(verify({ ...message, secrets })).toEqual({ ok: true });
      }
    },
  );

  test.each(signatures.filter(([, signature]) => !takesSeveral(signature)))(
    "%s is signed by the newest alone",
    (_name, signature) => {
      const [fresh, old] = [newKey(signature), newKey(signature)];
      const message = setup(signature, [fresh, old]);
      expect(verify({ ...message, secrets: [fresh] })).toEqual({ ok: true });
      expect(verify({ ...message, secrets: [old] })).toEqual({ problem: "no signature matches" });
    },
  );
});

test("verifies each of several ways that sign one message at once", () => {
  const body = Buffer.from("{}");
  const signings = [
    { scheme: "standard" },
    { scheme: "standard-ed25519" },
    { scheme: "svix" },
    { scheme: "hmac", header },
    { scheme: "timestamped-hmac", header: "X-Acme-Timed" },
    { scheme: "rfc9421" },
  ] as const satisfies readonly Signature[];
  const all = signings.map((signature) => ({ ...signature, secrets: [newKey(signature)] }));
  const headers = signAll(all, { id: "evt_1", timestampS: nowS, body, request });
  for (const signing of all) {
    expect(verify({ ...signing, headers, body, nowS, request })).toEqual({ ok: true });
  }
  expect(headers["webhook-signature"]).toMatch(/^v1,\S+ v1a,\S+$/);
});

test.each([
  ["standard-ed25519", { scheme: "standard-ed25519" }],
  ["rfc9421", { scheme: "rfc9421", algorithm: "ed25519" }],
] as const)("%s verifies with the public key alone", (_name, signature) => {
  const { secret, publicKey } = newSigningKey();
  expect(verify({ ...setup(signature, [secret]), secrets: [publicKey] })).toEqual({ ok: true });
});
