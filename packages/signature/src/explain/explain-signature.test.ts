import { describe, expect, test } from "vitest";
import type { SignedRequest } from "../message.ts";
import type { Signature } from "../scheme.ts";
import { newSecret, newSigningKey } from "../secret.ts";
import { sign } from "../sign.ts";
import { type VerifyOptions, verify } from "../verify.ts";
import { explainSignature } from "./explain-signature.ts";
import type { FaultReason } from "./fault.ts";

const nowS = 1_760_000_000;
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const pair = newSigningKey();
const header = "X-Acme-Signature";
const text = '{"type":"a","data":{"name":"Zoë","path":"a/b","n":1.0}}';
const request: SignedRequest = {
  method: "POST",
  url: "https://example.com/hooks",
  contentType: "application/json",
};
const standard: Signature = { scheme: "standard" };
const ed25519: Signature = { scheme: "standard-ed25519" };
const hmac: Signature = { scheme: "hmac", header };
const timed: Signature = { scheme: "timestamped-hmac", header };
const rfc9421: Signature = { scheme: "rfc9421" };
const all = [standard, { scheme: "svix" }, ed25519, hmac, timed, rfc9421] as const;
const withTime = all.filter(({ scheme }) => scheme !== "hmac");

/** A genuine message, received with what `change` makes of it. */
function received(
  signature: Signature,
  change: (message: VerifyOptions) => Partial<VerifyOptions> = () => ({}),
): VerifyOptions {
  const isPair = signature.scheme === "standard-ed25519";
  const body = Buffer.from(text);
  const message = { id: "evt_1", timestampS: nowS, body, request };
  const headers = sign({ ...signature, ...message, secrets: [isPair ? pair.secret : secret] });
  const secrets = [isPair ? pair.publicKey : secret];
  const options = { ...signature, secrets, headers, body, nowS, request };
  return { ...options, ...change(options) } as VerifyOptions; // the scheme is never changed here
}

const reasonsOf = (options: VerifyOptions) => explainSignature(options).map(({ reason }) => reason);
const bodyAs = (body: string | Buffer) => () => ({ body: Buffer.from(body) });
const signed = (value: (given: string) => string) => (message: VerifyOptions) => {
  const name = header.toLowerCase();
  return { headers: { [name]: value(String(message.headers[name])) } };
};

describe.each(all)("%j", (signature) => {
  test("finds nothing wrong with a genuine message, nor with one of several secrets", () => {
    expect(explainSignature(received(signature))).toEqual([]);
    const several = received(signature, ({ secrets }) => ({ secrets: ["no secret", ...secrets] }));
    expect(reasonsOf(several)).toEqual([]);
  });

  test("says that headers are missing, and which are there instead", () => {
    const [fault] = explainSignature(
      received(signature, () => ({ headers: { "Other-Signature": "a" } })),
    );
    expect(fault?.reason).toBe("header_missing");
    expect(fault?.problem).toMatch(/^the headers? .* (is|are) missing; there is other-signature$/);
  });

  test("says that there is no secret, or an empty one", () => {
    expect(reasonsOf(received(signature, () => ({ secrets: [] })))).toEqual(["secret_missing"]);
    expect(reasonsOf(received(signature, () => ({ secrets: [""] })))).toEqual(["secret_malformed"]);
  });

  test("says that the secret or the body is another", () => {
    const secrets = [signature === ed25519 ? newSigningKey().publicKey : newSecret()];
    const [reason] = reasonsOf(received(signature, () => ({ secrets })));
    expect(reason).toMatch(/^secret_or_(body|url)$/);
    const [changed] = reasonsOf(received(signature, bodyAs(text.replace("1.0", "2.0"))));
    expect(changed).toMatch(/^(secret_or_body|body_changed)$/);
  });

  test("says that the body was parsed and written anew", () => {
    const spaced = '{"type": "a", "data": {"name": "Zo\\u00eb", "path": "a\\/b", "n": 1.0}}';
    expect(reasonsOf(received(signature, bodyAs(spaced)))).toEqual(["body_reserialized"]);
    const printed = JSON.stringify(JSON.parse(text), undefined, 2);
    expect(reasonsOf(received(signature, bodyAs(printed)))).toEqual(["body_reserialized"]);
  });

  test.each<[string, string | Buffer, RegExp]>([
    ["has a line break at its end", `${text}\n`, /white space around it/],
    ["is empty", "", /is empty/],
    ["is cut off", text.slice(0, 20), /is not JSON/],
    ["was decoded twice", Buffer.from(Buffer.from(text).toString("latin1")), /Latin-1/],
    ["lost its letters", text.replace("ë", "\ufffd"), /U\+FFFD/],
  ])("says that the body %s", (_case, body, problem) => {
    const [fault] = explainSignature(received(signature, bodyAs(body)));
    expect(fault?.reason).toBe("body_changed");
    expect(fault?.problem).toMatch(problem);
  });

  test.each<[string, (secret: string) => string]>([
    ["a line break at its end", (given) => `${given}\n`],
    ["quotes around it", (given) => `"${given}"`],
  ])("finds %s of the secret, though the body changed, too", (_case, spoil) => {
    const change = ({ secrets }: VerifyOptions) => ({ secrets: secrets.map(spoil) });
    expect(reasonsOf(received(signature, change))).toEqual(["secret_form"]);
    const both = received(signature, (message) => ({
      ...change(message),
      ...bodyAs(`${text}\n`)(),
    }));
    expect(reasonsOf(both)).toEqual(["secret_form", "body_changed"]);
  });

  test("repeats no secret", () => {
    const wrong = received(signature, () => ({ secrets: ["whsec_secretsecret!"] }));
    expect(JSON.stringify(explainSignature(wrong))).not.toContain("secretsecret");
  });
});

describe.each(withTime)("%j has a time", (signature) => {
  test.each<[number, FaultReason, string]>([
    [301, "timestamp_too_old", "the message was signed 5 minutes ago"],
    [7_300, "timestamp_too_old", "the message was signed 2 hours ago"],
    [864_000, "timestamp_too_old", "the message was signed 10 days ago"],
    [-301, "timestamp_too_new", "the message was signed 5 minutes from now"],
  ])("says that it was signed %d seconds before now", (ageS, reason, problem) => {
    const faults = explainSignature(received(signature, () => ({ nowS: nowS + ageS })));
    expect(faults).toMatchObject([{ reason, problem: expect.stringContaining(problem) }]);
    expect(faults[0]?.problem).toMatch(/, more than the 5 minutes that are allowed$/);
  });

  test("says that an old message is another's, too", () => {
    const change = { nowS: nowS + 1_000, body: Buffer.from("") };
    const reasons = reasonsOf(received(signature, () => change));
    expect(reasons).toEqual(["body_changed", "timestamp_too_old"]);
  });
});

test.each<[string, Signature, (message: VerifyOptions) => Partial<VerifyOptions>, FaultReason]>([
  ["an id twice", standard, twice("webhook-id"), "header_repeated"],
  ["milliseconds", standard, timeIs(`${nowS}000`), "timestamp_malformed"],
  ["words for a time", standard, timeIs("now"), "timestamp_malformed"],
  ["an id with a dot", standard, headerIs("webhook-id", "a.b"), "header_malformed"],
  ["no t", timed, signed((given) => given.replace("t=", "u=")), "header_malformed"],
  ["a secret without whsec_", standard, secretIs(secret.slice(6)), "secret_form"],
  ["a key without whpk_", ed25519, secretIs(pair.publicKey.slice(5)), "secret_malformed"],
  ["a secret for a public key", ed25519, secretIs(secret), "secret_malformed"],
  ["a secret without whsec_, as text", hmac, secretIs(secret.slice(6)), "secret_form"],
  ["the secret decoded", { ...hmac, secretEncoding: "decoded" }, asText, "encoding"],
  ["base64 for hex", { ...hmac, encoding: "base64" }, () => ({ encoding: "hex" }), "encoding"],
  ["a prefix", { ...hmac, prefix: "sha256=" }, () => ({ prefix: "" }), "encoding"],
  ["capitals", hmac, signed((given) => given.toUpperCase()), "encoding"],
  ["another protocol", rfc9421, urlIs("http://example.com/hooks"), "url"],
  ["a slash at the URL's end", rfc9421, urlIs("https://example.com/hooks/"), "url"],
  ["no URL", rfc9421, urlIs("/hooks"), "url"],
  ["another path", rfc9421, urlIs("https://example.com/others"), "secret_or_url"],
  ["another tag", rfc9421, () => ({ tag: "acme" }), "header_malformed"],
])("finds %s", (_case, signature, change, reason) => {
  expect(reasonsOf(received(signature, change))).toEqual([reason]);
});

function headerIs(name: string, value: string | string[]) {
  return ({ headers }: VerifyOptions) => ({ headers: { ...headers, [name]: value } });
}
function twice(name: string) {
  return headerIs(name, ["evt_1", "evt_1"]);
}
function timeIs(value: string) {
  return headerIs("webhook-timestamp", value);
}
function secretIs(value: string) {
  return () => ({ secrets: [value] });
}
function asText() {
  return { secretEncoding: "text" as const };
}
function urlIs(url: string) {
  return () => ({ request: { ...request, url } });
}

test.each<[string, Signature, Signature]>([
  ["standard", { scheme: "svix" }, standard],
  ["standard-ed25519", hmac, ed25519],
  ["svix", standard, { scheme: "svix" }],
  ["rfc9421", timed, rfc9421],
])("says that a message is signed by %s", (scheme, expected, signed) => {
  const { headers } = received(signed);
  const [fault] = explainSignature(received(expected, () => ({ headers })));
  expect(fault).toMatchObject({
    reason: "header_missing",
    advice: `verify by the scheme ${scheme}`,
  });
});

test("lists all headers that are missing at once", () => {
  const faults = explainSignature(received(standard, () => ({ headers: {} })));
  expect(faults.map(({ problem }) => problem)).toEqual([
    "the headers webhook-id, webhook-timestamp and webhook-signature are missing",
  ]);
});

test("says in which form the digest was expected", () => {
  const [fault] = explainSignature(
    received({ scheme: "hmac", header, prefix: "sha256=" }, () => ({ prefix: "" })),
  );
  expect(fault?.problem).toBe(
    'x-acme-signature holds the right digest as hex after "sha256=", where hex is expected',
  );
});

test("judges as verify does", () => {
  const messages = all.flatMap((signature) => [
    received(signature),
    received(signature, bodyAs("{}")),
    received(signature, () => ({ nowS: nowS + 400 })),
    received(signature, () => ({ headers: {} })),
  ]);
  for (const message of messages) {
    expect(explainSignature(message).length === 0).toBe("ok" in verify(message));
  }
});
