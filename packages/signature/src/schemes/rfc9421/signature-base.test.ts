import { createHmac, sign } from "node:crypto";
import { expect, test } from "vitest";
import { signingKey } from "../../key.ts";
import { signingKeyOf } from "../../secret.ts";
import { contentDigest, isDigestOf } from "./content-digest.ts";
import { signatureBase } from "./signature-base.ts";

/** The request of RFC 9421, appendix B.2. */
const url = new URL("https://example.com/foo?param=Value&Pet=dog");
const fields: Record<string, string> = {
  date: "Tue, 20 Apr 2021 02:07:55 GMT",
  "content-type": "application/json",
  "content-length": "18",
};

const baseOf = (components: readonly string[], keyId: string) => {
  const list = components.map((name) => `"${name}"`).join(" ");
  const params = `(${list});created=1618884473;keyid="${keyId}"`;
  const covered = { components, params };
  return String(signatureBase(covered, { method: "POST", url }, (name) => fields[name]));
};

test("makes the base of RFC 9421's hmac-sha256 vector (B.2.5)", () => {
  const base = baseOf(["date", "@authority", "content-type"], "test-shared-secret");
  const secret =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
  const hmac = createHmac("sha256", Buffer.from(secret, "base64")).update(base);
  expect(hmac.digest("base64")).toBe("pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
});

test("makes the base of RFC 9421's ed25519 vector (B.2.6)", () => {
  const components = ["date", "@method", "@path", "@authority", "content-type", "content-length"];
  const base = baseOf(components, "test-key-ed25519");
  const seed = Buffer.from("n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU", "base64url");
  const signature = sign(null, Buffer.from(base), signingKey(signingKeyOf(seed).secret));
  expect(signature.toString("base64")).toBe(
    "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
  );
});

test.each([
  ["a header that is not there", "x-missing"],
  ["a component of answers", "@status"],
])("cannot cover %s", (_name, component) => {
  const covered = { components: [component], params: "()" };
  const base = signatureBase(covered, { method: "POST", url }, (name) => fields[name]);
  expect(base).toEqual({ problem: `${component} is covered and has no value` });
});

const hello = Buffer.from('{"hello": "world"}');
const helloDigest = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";

test("digests a body as RFC 9530 does", () => {
  expect(contentDigest(hello)).toBe(helloDigest);
  expect(isDigestOf(["sha-512=:YQ==:", helloDigest], hello)).toBe(true);
});

test.each([
  ["of another body", helloDigest, Buffer.from("{}")],
  ["of another algorithm only", "sha-512=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:", hello],
  ["that is no byte sequence", helloDigest.replaceAll(":", ""), hello],
  ["that is there twice", `${helloDigest}, ${helloDigest}`, hello],
  ["that is empty", "", hello],
])("refuses a digest %s", (_name, line, body) => {
  expect(isDigestOf([line], body)).toBe(false);
});
