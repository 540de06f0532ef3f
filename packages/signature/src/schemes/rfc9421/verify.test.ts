import { expect, test } from "vitest";
import type { Rfc9421Signature } from "../../scheme.ts";
import { newSecret } from "../../secret.ts";
import { sign } from "../../sign.ts";
import { verify } from "../../verify.ts";

const how = { scheme: "rfc9421", label: "acme", tag: "hook" } as const satisfies Rfc9421Signature;
const nowS = 1_760_000_000;
const secrets = [newSecret()];
const body = Buffer.from('{"a":1}');
const request = {
  method: "POST",
  url: "https://example.com/hooks?a=1",
  contentType: "application/json",
  keyId: "wh_1",
};
const headers = sign({ ...how, secrets, id: "evt_1", timestampS: nowS, body, request });
const received = { ...how, secrets, headers, body, nowS, request };
const input = headers["signature-input"] ?? "";
const signature = headers["signature"] ?? "";
const params = input.slice("acme=".length);

test("covers method, target, body, content type and id, and says when, by what and for what", () => {
  expect(headers).toEqual({
    "content-digest": expect.stringMatching(/^sha-256=:[A-Za-z0-9+/]{43}=:$/),
    "content-type": "application/json",
    "webhook-id": "evt_1",
    "signature-input":
      'acme=("@method" "@target-uri" "content-digest" "content-type" "webhook-id");created=1760000000;keyid="wh_1";alg="hmac-sha256";tag="hook"',
    signature: expect.stringMatching(/^acme=:[A-Za-z0-9+/]{43}=:$/),
  });
});

test("finds its signature beside others', in one line or several", () => {
  const other = 'sig1=("@method");created=1;keyid="a, b=\\"c"';
  const inOne = {
    ...headers,
    "signature-input": `${other}, ${input}`,
    signature: `sig1=:YQ==:,  ${signature}`,
  };
  const inTwo = {
    ...headers,
    "signature-input": [other, input],
    signature: ["a=:YQ==:", signature],
  };
  expect(verify({ ...received, headers: inOne })).toEqual({ ok: true });
  expect(verify({ ...received, headers: inTwo })).toEqual({ ok: true });
});

test.each([
  ["to another path", { url: "https://example.com/other?a=1" }, "no signature matches"],
  ["with another query", { url: "https://example.com/hooks?a=2" }, "no signature matches"],
  ["by plain http", { url: "http://example.com/hooks?a=1" }, "no signature matches"],
  ["to another host", { url: "https://example.org/hooks?a=1" }, "no signature matches"],
  ["with another method", { method: "PUT" }, "no signature matches"],
])("refuses a message that was sent %s", (_name, changed, problem) => {
  expect(verify({ ...received, request: { ...request, ...changed } })).toEqual({ problem });
});

test("does not mind how the proxy was spoken to when authority and path are covered", () => {
  const parts = { ...how, target: "authority-and-path" } as const;
  const signed = sign({ ...parts, secrets, id: "evt_1", timestampS: nowS, body, request });
  const behind = { ...request, url: "http://example.com/hooks?a=1" };
  const other = { ...request, url: "http://example.com/hooks?a=2" };
  const message = { ...received, ...parts, headers: signed };
  expect(verify({ ...message, request: behind })).toEqual({ ok: true });
  expect(verify({ ...message, request: other })).toEqual({ problem: "no signature matches" });
});

test.each([
  ["another content type", { "content-type": "text/plain" }, "no signature matches"],
  ["another id", { "webhook-id": "evt_2" }, "no signature matches"],
  ["a second id", { "webhook-id": ["evt_1", "evt_1"] }, "no signature matches"],
  ["no id", { "webhook-id": undefined }, "webhook-id is covered and has no value"],
  ["no digest", { "content-digest": undefined }, "content-digest is not the body's"],
  ["no signature", { signature: undefined }, "must hold acme"],
  ["another's label", { signature: signature.replace("acme", "sig1") }, "must hold acme"],
  ["two signatures of its label", { signature: [signature, signature] }, "must hold acme"],
  ["a signature that is no byte sequence", { signature: "acme=abc" }, "must hold acme"],
  ["a header that goes on and on", { signature: [signature, "b=1,".repeat(3_000)] }, "must hold"],
  ["more blanks than it was signed with", { input: params.replace(" ", "  ") }, "not in the form"],
  ["a component with a parameter", { input: params.replace(" ", ";sf ") }, "not in the form"],
  ["a component twice", { input: params.replace("(", '("@method" ') }, "not in the form"],
  ["a parameter twice", { input: `${params};created=1` }, "not in the form"],
  ["something after its parameters", { input: `${params};` }, "not in the form"],
  ["too many parameters", { input: `${params}${manyParameters()}` }, "not in the form"],
  [
    "a time that is a string",
    { input: params.replace(String(nowS), `"${nowS}"`) },
    "whole seconds",
  ],
  ["no time", { input: params.replace(`created=${nowS};`, "") }, "whole seconds"],
  ["an end that has come", { input: `${params};expires=${nowS - 1}` }, "has expired"],
  ["another algorithm", { input: params.replace("hmac-sha256", "ed25519") }, "alg must be hmac"],
  ["another tag", { input: params.replace('"hook"', '"other"') }, "tag must be hook"],
  ["no method covered", { input: params.replace('"@method" ', "") }, "@method must be covered"],
  ["no body covered", { input: params.replace('"content-digest" ', "") }, "content-digest must be"],
])("refuses a message with %s", (_name, { input: other, ...changed }: Changes, problem) => {
  const inputs = other === undefined ? {} : { "signature-input": `acme=${other}` };
  const message = { ...received, headers: { ...headers, ...changed, ...inputs } };
  expect(verify(message)).toEqual({ problem: expect.stringContaining(problem) });
});

type Changes = { readonly input?: string } & Record<string, string | string[] | undefined>;

function manyParameters(): string {
  return Array.from({ length: 30 }, (_, index) => `;p${index}=1`).join("");
}
