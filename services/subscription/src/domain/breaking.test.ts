import { expect, test } from "vitest";
import { breaksOf, mayBreak, refuseBreaks, type WebhookUse } from "./breaking.ts";
import type { Envelope } from "./envelope.ts";
import { bareProvider, type ProviderSettings } from "./provider.ts";

const unused: WebhookUse = {
  countByVersion: new Map(),
  unsignedCount: 0,
  notOneTypeCount: 0,
  overfullCount: 0,
};
const used: WebhookUse = {
  countByVersion: new Map([
    ["v1", 2],
    ["v2", 1],
  ]),
  unsignedCount: 1,
  notOneTypeCount: 2,
  overfullCount: 1,
};

const standard = { scheme: "STANDARD" } as const;
const hmac = { scheme: "HMAC", header: "x-a" } as const;
const small: Envelope = { version: "v1", fields: [{ name: "id", source: "EVENT_ID" }] };
const second: Envelope = { version: "v2", fields: [{ name: "data", source: "DATA" }] };
const both = { envelopes: [small, second] };

type Settings = Partial<ProviderSettings>;
const breaks = (before: Settings, after: Settings, use: WebhookUse = used) =>
  breaksOf({ ...bareProvider("acme"), ...before }, { ...bareProvider("acme"), ...after }, use).map(
    ({ field, description }) => `${field}: ${description}`,
  );

test.each<[string, Settings, Settings]>([
  ["a second signature", {}, { signatures: [standard, hmac] }],
  ["the default signature by its name", {}, { signatures: [standard] }],
  ["a new payload version", both, { envelopes: [small, second, { version: "v3" }] }],
  [
    "the default members by their names",
    { envelopes: [{ version: "v1" }, second] },
    {
      envelopes: [
        {
          version: "v1",
          fields: [
            { name: "type", source: "EVENT_TYPE" },
            { name: "timestamp", source: "TIME" },
            { name: "data", source: "DATA" },
          ],
        },
        second,
      ],
    },
  ],
  ["more webhooks", { ...both, webhooksPerWorkspaceMax: 4 }, both],
  ["optional secrets", both, { ...both, secrets: { optional: true } }],
  ["any number of types", { ...both, eventTypeSelection: "EXACTLY_ONE" }, both],
  ["another user agent", both, { ...both, userAgent: "x" }],
])("nothing breaks by %s", (_name, before, after) => {
  const keepsVersions = { ...used, countByVersion: new Map([["v1", 3]]) };
  expect(breaks(before, after, before === both ? used : keepsVersions)).toEqual([]);
});

test.each<[string, Settings, Settings, string]>([
  [
    "a signature that is gone",
    { ...both, signatures: [standard, hmac] },
    { ...both, signatures: [standard] },
    "signatures: HMAC is taken away or changed, which 2 webhooks are signed with",
  ],
  [
    "a signature with other options",
    { ...both, signatures: [hmac] },
    { ...both, signatures: [{ ...hmac, prefix: "v0=" }] },
    "signatures: HMAC is taken away or changed, which 2 webhooks are signed with",
  ],
  [
    "a signature that customers' secrets may not serve",
    { ...both, signatures: [hmac], secrets: { custom: true } },
    { ...both, signatures: [hmac, standard], secrets: { custom: true } },
    "signatures: 2 webhooks are signed with secrets that may be text of their owners",
  ],
  [
    "another body",
    both,
    { envelopes: [small, { ...second, fields: [] }] },
    "envelopes: payload version v2 has another body, which 1 webhook is sent",
  ],
  [
    "a payload version that is gone",
    both,
    { envelopes: [second] },
    "envelopes: payload version v1 is taken away, which 2 webhooks are sent",
  ],
  [
    "secrets that may not be missing any more",
    { ...both, secrets: { optional: true } },
    both,
    "secrets.optional: 1 webhook is without a secret, and could not be sent to",
  ],
  [
    "exactly one type",
    both,
    { ...both, eventTypeSelection: "EXACTLY_ONE" },
    "eventTypeSelection: 2 webhooks are for other than exactly one event type",
  ],
  [
    "fewer webhooks",
    both,
    { ...both, webhooksPerWorkspaceMax: 4 },
    "webhooksPerWorkspaceMax: 1 workspace has more than 4 webhooks",
  ],
])("webhooks in use break by %s, and nothing breaks without them", (_name, before, after, text) => {
  expect(breaks(before, after)).toEqual([text]);
  expect(breaks(before, after, unused)).toEqual([]);
});

test("counts webhooks whose version is long gone with the last", () => {
  const use = {
    ...used,
    countByVersion: new Map([
      ["v0", 1],
      ["v2", 1],
    ]),
  };
  expect(breaks(both, { envelopes: [small] }, use)).toEqual([
    "envelopes: payload version v2 is taken away, which 2 webhooks are sent",
  ]);
});

test("looks at webhooks only for what they may break by", () => {
  expect(mayBreak(["userAgent", "compat"])).toBe(false);
  expect(mayBreak(["userAgent", "envelopes"])).toBe(true);
});

test("refuses breaks by name, and says how to go on", () => {
  const field = "signatures";
  expect(() => refuseBreaks([])).not.toThrow();
  expect(() => refuseBreaks([{ field, description: "x" }])).toThrow(
    expect.objectContaining({
      reason: "precondition",
      message: "signatures: x; apply it with allowBreaking to do so",
      fields: [{ field, description: "x" }],
    }),
  );
});
