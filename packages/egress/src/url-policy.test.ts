import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rowsOf } from "../test/ssrf-table.ts";
import { checkUrl } from "./url-policy.ts";

const strict = { allowCidrs: [], allowHttp: false };
const local = { allowCidrs: ["127.0.0.1/32", "::1/128", "10.1.0.0/16"], allowHttp: true };
const refusal = { problem: expect.stringMatching(/^[a-z].*[^.]$/) };

describe("the table of hostile URLs", () => {
  const rows = rowsOf("V").map(({ id, verdict, input }) => [id, verdict, input] as const);

  test.each(rows.filter(([, verdict]) => verdict === "allow"))("%s %s %s", (_id, _verdict, url) => {
    expect(checkUrl(url, strict)).toEqual({ url: expect.stringMatching(/^https:\/\//) });
  });

  test.each(rows.filter(([, verdict]) => verdict === "refuse"))("%s %s %s", (_id, _v, url) => {
    expect(checkUrl(url, strict)).toEqual(refusal);
  });
});

test.each([
  ["the host in lower case", "https://EXAMPLE.com/Hook", "https://example.com/Hook"],
  ["the scheme in lower case", "HTTPS://example.com/", "https://example.com/"],
  ["no default port", "https://example.com:443/a", "https://example.com/a"],
  ["another port", "https://example.com:8443/a", "https://example.com:8443/a"],
  ["a path", "https://example.com", "https://example.com/"],
  ["a path before the query", "https://example.com?a=b", "https://example.com/?a=b"],
  ["an empty query as it is", "https://example.com/?", "https://example.com/?"],
  ["brackets in the query", "https://example.com/?a[]=1", "https://example.com/?a[]=1"],
  ["percent codes as they are", "https://example.com/%c3%A4", "https://example.com/%c3%A4"],
  ["an @ in the path", "https://example.com/@a:b", "https://example.com/@a:b"],
  [
    "IPv6 in its short form",
    "https://[2606:4700:4700:0::1111]/",
    "https://[2606:4700:4700::1111]/",
  ],
  ["a public IPv4 address", "https://1.1.1.1/", "https://1.1.1.1/"],
])("the normal form has %s", (_name, url, normal) => {
  expect(checkUrl(url, strict)).toEqual({ url: normal });
  expect(checkUrl(normal, strict)).toEqual({ url: normal });
});

test.each([
  ["nothing", ""],
  ["plain http", "http://example.com/"],
  ["a user name", "https://user@example.com/"],
  ["an empty user", "https://@example.com/"],
  ["a password", "https://user:secret@example.com/"],
  ["no host", "https:///hook"],
  ["a port alone", "https://:8443/"],
  ["an empty port", "https://example.com:/"],
  ["port 0", "https://example.com:0/"],
  ["a padded port", "https://example.com:08443/"],
  ["a signed port", "https://example.com:+8443/"],
  ["two ports", "https://example.com:1:2/"],
  ["a blank before", " https://example.com/"],
  ["a blank behind", "https://example.com/ "],
  ["NUL", "https://example.com/\0"],
  ["a final dot", "https://example.com./"],
  ["an empty label", "https://example..com/"],
  ["a label of 64", `https://${"a".repeat(64)}.com/`],
  ["a host of 254", `https://${"a.".repeat(125)}com1/`],
  ["a label that begins with a hyphen", "https://-a.example.com/"],
  ["broken punycode", "https://xn--a.com/"],
  ["full-width letters", "https://ｅxample.com/"],
  ["a numeric last label", "https://example.1/"],
  ["a hex last label", "https://example.0x1/"],
  ["dot segments", "https://example.com/a/../b"],
  ["coded dot segments", "https://example.com/a/%2e%2E/b"],
  ["half a percent code", "https://example.com/%4"],
  ["a caret", "https://example.com/^"],
  ["an empty fragment", "https://example.com/#"],
  ["a mail address", "mailto:a@example.com"],
  ["slashes missing", "https:example.com"],
  ["slashes turned", "https:\\\\example.com/"],
  ["a third slash", "https:///example.com/"],
  ["an unclosed bracket", "https://[::1/"],
  ["text behind the bracket", "https://[2606:4700::1]a/"],
  ["a bracketed IPv4 address", "https://[1.1.1.1]/"],
  ["a bracketed name", "https://[example.com]/"],
  ["internal names", "https://metadata.google.internal/"],
  ["names of home networks", "https://router.home.arpa/"],
  ["2,049 characters", `https://example.com/${"a".repeat(2_029)}`],
  ...[2375, 3306, 5432, 9092, 9200, 11211, 27017, 22, 25].map((port) => [
    `port ${port}`,
    `https://example.com:${port}/`,
  ]),
])("%s is refused", (_name = "", url = "") => {
  expect(checkUrl(url, strict)).toEqual(refusal);
});

test("never repeats the URL, which may hold a secret", () => {
  expect(JSON.stringify(checkUrl("https://user:hunter2@example.com/", strict))).not.toContain(
    "hunter2",
  );
});

describe("what the operator allows", () => {
  test.each([
    "http://127.0.0.1:9999/hook",
    "https://127.0.0.1:9999/hook",
    "http://[::1]:9999/hook",
    "http://10.1.2.3/hook",
  ])("%s", (url) => {
    expect(checkUrl(url, local)).toEqual({ url });
  });

  test.each([
    ["http to a name", "http://example.com/"],
    ["http to a public address", "http://1.1.1.1/"],
    ["an address outside the ranges", "https://10.2.0.1/"],
    ["an address mapped into IPv6", "http://[::ffff:127.0.0.1]/"],
    ["a short form", "http://127.1/"],
    ["the local name", "http://localhost:9999/"],
    ["a refused port", "http://127.0.0.1:6379/"],
  ])("and nothing else: %s", (_name, url) => {
    expect(checkUrl(url, local)).toEqual(refusal);
  });

  test("http is refused as long as it is not allowed, whatever the address", () => {
    const policy = { ...local, allowHttp: false };
    expect(checkUrl("http://127.0.0.1:9999/", policy)).toEqual(refusal);
    expect(checkUrl("https://127.0.0.1:9999/", policy)).toEqual({ url: "https://127.0.0.1:9999/" });
  });
});

describe("whatever the text", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string({ unit: fc.constantFrom(..."https://@:[]?#%.\\01xa-\t\u3002".split("")) }),
    fc
      .string({ unit: fc.constantFrom(..."0127xa.:%@\\[]".split("")) })
      .map((host) => `https://${host}/`),
  );

  test("it never throws, and what passes is read alike by WHATWG and by us", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const checked = checkUrl(text, strict);
        const passed = "url" in checked ? [checked.url] : [];
        for (const url of passed) {
          expect(new URL(url).href).toBe(url);
          expect(new URL(text).href).toBe(url);
          expect(checkUrl(url, strict)).toEqual({ url });
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test("ordinary URLs pass", () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/);
    const path = fc
      .array(fc.stringMatching(/^[A-Za-z0-9_~-]{1,20}$/))
      .map((parts) => parts.join("/"));
    fc.assert(
      fc.property(label, label, path, (name, zone, rest) => {
        const url = `https://${name}.${zone}.com/${rest}`;
        expect(checkUrl(url, strict)).toEqual({ url });
      }),
    );
  });
});
