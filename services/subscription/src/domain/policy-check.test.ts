import { expect, test } from "vitest";
import { secretPolicyProblems, webhookFormProblems } from "./policy-check.ts";
import { bareProvider, type ProviderSettings } from "./provider.ts";

const ed25519 = { scheme: "STANDARD_ED25519" } as const;
const hmac = { scheme: "HMAC", header: "x-a" } as const;
const url = { field: "url", required: true };
const eventTypes = { field: "eventTypes", required: true };

const settings = (given: Partial<ProviderSettings>) => ({ ...bareProvider("acme"), ...given });
const lenient = { readable: true, custom: true, optional: true } as const;

test.each<[string, Partial<ProviderSettings>]>([
  ["nothing", {}],
  ["everything with shared secrets", { secrets: { ...lenient, rotation: "OVERLAP" } }],
  ["one value that rotates at once", { signatures: [hmac], secrets: { rotation: "AT_ONCE" } }],
  ["keys beside a secret of one's own", { signatures: [ed25519, hmac], secrets: { custom: true } }],
])("takes %s of secrets", (_name, given) => {
  expect(secretPolicyProblems(settings(given))).toEqual([]);
});

test.each<[string, Partial<ProviderSettings>, string[]]>([
  [
    "a say in secrets that nobody has",
    { signatures: [ed25519], secrets: lenient },
    ["secrets.readable", "secrets.custom", "secrets.optional"],
  ],
  [
    "no secret where keys are made of it",
    { signatures: [ed25519, hmac], secrets: { optional: true } },
    ["secrets.optional"],
  ],
  [
    "two secrets in signatures of one value",
    { signatures: [hmac], secrets: { rotation: "OVERLAP" } },
    ["secrets.rotation"],
  ],
])("refuses %s", (_name, given, fields) => {
  expect(secretPolicyProblems(settings(given)).map(({ field }) => field)).toEqual(fields);
});

test.each<[string, Partial<ProviderSettings>]>([
  ["none", {}],
  ["a url alone", { webhookFields: [url] }],
  ["one type", { webhookFields: [eventTypes, url], eventTypeSelection: "EXACTLY_ONE" }],
  [
    "a secret that customers set",
    { webhookFields: [url, { field: "secret", required: true }], secrets: { custom: true } },
  ],
  [
    "a secret that they may set",
    { webhookFields: [url, { field: "secret" }], secrets: { custom: true, optional: true } },
  ],
])("takes a form that asks for %s", (_name, given) => {
  expect(webhookFormProblems(settings(given))).toEqual([]);
});

test.each<[string, Partial<ProviderSettings>, string[]]>([
  ["what is no field", { webhookFields: [url, { field: "id" }] }, ["webhookFields[1].field"]],
  [
    "a name of the proto",
    { webhookFields: [url, { field: "event_types" }] },
    ["webhookFields[1].field"],
  ],
  ["a field twice", { webhookFields: [url, url] }, ["webhookFields[1].field"]],
  ["no url", { webhookFields: [{ field: "name" }] }, ["webhookFields"]],
  ["a url or none", { webhookFields: [{ field: "url" }] }, ["webhookFields[0].required"]],
  [
    "no type where it must be one",
    { webhookFields: [url], eventTypeSelection: "EXACTLY_ONE" },
    ["webhookFields"],
  ],
  [
    "a type or none where it must be one",
    { webhookFields: [url, { field: "eventTypes" }], eventTypeSelection: "EXACTLY_ONE" },
    ["webhookFields[1].required"],
  ],
  [
    "a secret that posthorn sets",
    { webhookFields: [url, { field: "secret" }] },
    ["webhookFields[1].field"],
  ],
  [
    "a secret that is optional and required",
    {
      webhookFields: [url, { field: "secret", required: true }],
      secrets: { custom: true, optional: true },
    },
    ["webhookFields[1].required"],
  ],
])("refuses a form that asks for %s", (_name, given, fields) => {
  expect(webhookFormProblems(settings(given)).map(({ field }) => field)).toEqual(fields);
});
