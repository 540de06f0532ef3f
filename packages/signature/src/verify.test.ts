import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Scheme } from "./scheme.ts";
import { newSecret, newSigningKey } from "./secret.ts";
import { sign } from "./sign.ts";
import { verify } from "./verify.ts";

const schemes = ["standard", "svix", "standard-ed25519"] as const;
const nowS = 1_760_000_000;

function secretFor(scheme: Scheme): string {
  return scheme === "standard-ed25519" ? newSigningKey().secret : newSecret();
}

function setup(scheme: Scheme = "standard") {
  const secrets = [secretFor(scheme)];
  const body = Buffer.from('{"a":1}');
  const headers = sign({ scheme, secrets, id: "evt_1", timestampS: nowS, body });
  return { scheme, secrets, body, headers, nowS };
}

describe.each(schemes)("%s", (scheme) => {
  const secret = secretFor(scheme);
  const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
  const bodies = fc.uint8Array({ maxLength: 2_000 });
  const times = fc.integer({ min: 0, max: 4_000_000_000 });

  test("verifies whatever it signed", () => {
    fc.assert(
      fc.property(ids, times, bodies, (id, timestampS, body) => {
        const headers = sign({ scheme, secrets: [secret], id, timestampS, body });
        expect(verify({ scheme, secrets: [secret], headers, body, nowS: timestampS })).toEqual({
          ok: true,
        });
      }),
    );
  });

  test("notices any changed byte of the body", () => {
    fc.assert(
      fc.property(bodies, fc.nat(), fc.integer({ min: 1, max: 255 }), (body, at, change) => {
        fc.pre(body.length > 0);
        const headers = sign({ scheme, secrets: [secret], id: "evt_1", timestampS: nowS, body });
        const changed = body.map((byte, index) => byte ^ (index === at % body.length ? change : 0));
        expect(verify({ scheme, secrets: [secret], headers, body: changed, nowS })).toEqual({
          problem: "no signature matches",
        });
      }),
    );
  });

  test("refuses another's secret", () => {
    const message = setup(scheme);
    expect(verify({ ...message, secrets: [secretFor(scheme)] })).toEqual({
      problem: "no signature matches",
    });
  });
});

test("verifies Ed25519 with the public key alone", () => {
  const { secret, publicKey } = newSigningKey();
  const body = Buffer.from("{}");
  const scheme = "standard-ed25519";
  const headers = sign({ scheme, secrets: [secret], id: "evt_1", timestampS: nowS, body });
  expect(verify({ scheme, secrets: [publicKey], headers, body, nowS })).toEqual({ ok: true });
});

test("takes any one of several signatures and any one of several secrets", () => {
  const old = newSecret();
  const fresh = newSecret();
  const body = Buffer.from("{}");
  const headers = sign({
    scheme: "standard",
    secrets: [fresh, old],
    id: "evt_1",
    timestampS: nowS,
    body,
  });
  for (const secrets of [[old], [fresh], [newSecret(), old]]) {
    expect(verify({ scheme: "standard", secrets, headers, body, nowS })).toEqual({ ok: true });
  }
});

test("reads headers in any letter case", () => {
  const message = setup();
  const entries = Object.entries(message.headers).map(([name, value]) => [
    name.toUpperCase(),
    value,
  ]);
  expect(verify({ ...message, headers: Object.fromEntries(entries) })).toEqual({ ok: true });
});

describe("a message is refused", () => {
  const message = setup();
  const changed = (headers: Record<string, string | string[]>) => ({
    ...message,
    headers: { ...message.headers, ...headers },
  });
  test.each([
    ["without its id", { ...message, headers: {} }, "webhook-id must be there exactly once"],
    ["with two ids", changed({ "webhook-id": ["evt_1", "evt_2"] }), "exactly once"],
    ["with another id", changed({ "webhook-id": "evt_2" }), "no signature matches"],
    ["with a dotted id", changed({ "webhook-id": "evt.1" }), "without a dot"],
    ["with another time", changed({ "webhook-timestamp": String(nowS + 1) }), "no signature"],
    ["with a hex time", changed({ "webhook-timestamp": "0x10" }), "whole seconds"],
    ["with a padded time", changed({ "webhook-timestamp": `0${nowS}` }), "whole seconds"],
    ["when it is old", { ...message, nowS: nowS + 301 }, "too old"],
    ["when it is from the future", { ...message, nowS: nowS - 301 }, "too far in the future"],
    ["when no clock is given", { ...message, nowS: Number.NaN }, "too old"],
    ["without a signature of its version", changed({ "webhook-signature": "v1a,aa" }), "no sig"],
    ["with an empty signature", changed({ "webhook-signature": "v1," }), "no signature matches"],
    ["with no secret to try", { ...message, secrets: [] }, "no signature matches"],
  ])("%s", (_name, options, problem) => {
    expect(verify(options)).toEqual({ problem: expect.stringContaining(problem) });
  });
});

test("looks at no more than twenty signatures", () => {
  const message = setup();
  const signature = message.headers["webhook-signature"];
  const padded = { ...message.headers, "webhook-signature": `${"v1,aa ".repeat(20)}${signature}` };
  expect(verify({ ...message, headers: padded })).toEqual({ problem: "no signature matches" });
});
