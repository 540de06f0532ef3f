import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import type { HmacSignature } from "../scheme.ts";
import { sign } from "../sign.ts";
import { verify } from "../verify.ts";

const header = "X-Acme-Signature";
const body = Buffer.from('{"b": 1.50, "é": "\\u00e9"}');
const text = "QWZTFnMEXhqZKNmu";
const whsec = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const digestBy = (key: string | Buffer) => createHmac("sha256", key).update(body);
const message = { id: "evt_1", timestampS: 1_760_000_000, body };

test.each<[string, Omit<HmacSignature, "scheme">, string, string]>([
  ["64 lower-case hex digits", { header }, text, digestBy(text).digest("hex")],
  ["base64", { header, encoding: "base64" }, text, digestBy(text).digest("base64")],
  ["a prefix", { header, prefix: "sha256=" }, text, `sha256=${digestBy(text).digest("hex")}`],
  ["the whole text of a generated secret", { header }, whsec, digestBy(whsec).digest("hex")],
  [
    "the bytes of a generated secret",
    { header, secretEncoding: "decoded" },
    whsec,
    digestBy(Buffer.alloc(24, 7)).digest("hex"),
  ],
  [
    "the bytes of a secret without whsec_",
    { header, secretEncoding: "decoded" },
    text,
    digestBy(Buffer.from(text, "base64")).digest("hex"),
  ],
])("signs with %s, under the header's name in lower case", (_name, options, secret, value) => {
  const signed = sign({ scheme: "hmac", ...options, secrets: [secret], ...message });
  expect(signed).toEqual({ "x-acme-signature": value });
});

test.each([
  ["in upper case", digestBy(text).digest("hex").toUpperCase()],
  ["with a prefix of its own", `sha256=${digestBy(text).digest("hex")}`],
  ["cut short", digestBy(text).digest("hex").slice(0, 63)],
  ["of base64", digestBy(text).digest("base64")],
  ["that is empty", ""],
])("refuses a digest %s", (_name, value) => {
  const headers = { [header]: value };
  const received = { headers, body, nowS: 0, secrets: [text] };
  expect(verify({ scheme: "hmac", header, ...received })).toEqual({
    problem: "no signature matches",
  });
});

test("names the header that is missing or there twice", () => {
  const problem = { problem: "header x-acme-signature must be there exactly once" };
  const value = digestBy(text).digest("hex");
  for (const headers of [{}, { [header]: [value, value] }]) {
    const received = { headers, body, nowS: 0, secrets: [text] };
    expect(verify({ scheme: "hmac", header, ...received })).toEqual(problem);
  }
});
