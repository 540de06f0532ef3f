import { expect, test } from "vitest";
import { type WebhookDraft, type WebhookField, webhookFields } from "./webhook.ts";
import { checkWebhook, type WebhookRules } from "./webhook-check.ts";

const draft: WebhookDraft = {
  name: "",
  description: "",
  url: "https://example.com/",
  eventTypes: [],
  state: "ACTIVE",
  headers: {},
  inFlightMax: 0,
  timeoutMs: undefined,
  retryDelaysMs: undefined,
  metadata: {},
  filter: "",
  whenPaused: "SKIP",
  ratePerSecond: undefined,
  isOrdered: false,
  payloadVersion: "v2",
  secret: "",
};

const rules: WebhookRules = {
  checkUrl: (url) => (url.startsWith("https:") ? { url: url.toLowerCase() } : { problem: "no" }),
  checkHeader: (name) => (name === "host" ? "is ours" : undefined),
  isSubscribable: (eventType) => eventType === "known",
  versions: ["v1", "v2"],
  isOneType: false,
  checkSecret: (secret) => (secret === "good" ? undefined : "no"),
  filterProblems: [],
};

const all = new Set<WebhookField>(webhookFields);
const withSecret = new Set<WebhookField>([...webhookFields, "secret"]);

test.each([
  { case: "no url", change: { url: "" }, fields: ["webhook.url"] },
  { case: "a url that egress refuses", change: { url: "ftp:x" }, fields: ["webhook.url"] },
  {
    case: "types that the catalog lacks",
    change: { eventTypes: ["a", "known", "b", "c.*"] },
    fields: ["webhook.eventTypes[0]", "webhook.eventTypes[2]"],
  },
  { case: "disabling", change: { state: "DISABLED" as const }, fields: ["webhook.state"] },
  {
    case: "a header of ours",
    change: { headers: { host: "a" } },
    fields: ['webhook.headers["host"]'],
  },
  {
    case: "waits over 14 days",
    change: { retryDelaysMs: [14 * 86_400_000, 1] },
    fields: ["webhook.retryPolicy.delays"],
  },
  { case: "an unknown version", change: { payloadVersion: "v3" }, fields: ["webhook.version"] },
  {
    case: "several faults at once",
    change: { url: "", state: "DISABLED" as const },
    fields: ["webhook.url", "webhook.state"],
  },
])("refuses $case", ({ change, fields }) => {
  expect(() => checkWebhook({ ...draft, ...change }, all, rules)).toThrow(
    expect.objectContaining({
      reason: "invalid",
      fields: fields.map((field) => expect.objectContaining({ field })),
    }),
  );
});

test("checks only what is to be changed", () => {
  const bad = { ...draft, url: "", state: "DISABLED" as const };
  expect(checkWebhook(bad, new Set<WebhookField>(["name"]), rules)).toEqual(bad);
});

test("gives the url in its normal form", () => {
  const given = { ...draft, url: "https://EXAMPLE.com/" };
  expect(checkWebhook(given, all, rules).url).toBe("https://example.com/");
});

test("takes waits of exactly 14 days", () => {
  const given = { ...draft, retryDelaysMs: Array<number>(14).fill(86_400_000) };
  expect(checkWebhook(given, all, rules)).toEqual(given);
});

test("gives a webhook that names no payload version the provider's last", () => {
  const checked = checkWebhook({ ...draft, payloadVersion: "" }, all, rules);
  expect(checked.payloadVersion).toBe("v2");
});

test("checks a secret only where one is to be set or taken away", () => {
  const bad = { ...draft, secret: "bad" };
  expect(checkWebhook(bad, all, rules)).toEqual(bad);
  expect(() => checkWebhook(bad, withSecret, rules)).toThrow("webhook.secret: no");
  const good = { ...draft, secret: "good" };
  expect(checkWebhook(good, withSecret, rules)).toEqual(good);
});

test("names a missing field once, beside what else is wrong", () => {
  const check = () =>
    checkWebhook({ ...draft, url: "" }, all, { ...rules, missing: ["url", "name"] });
  expect(check).toThrow(
    expect.objectContaining({
      fields: [
        { field: "webhook.url", description: "is required" },
        { field: "webhook.name", description: "is required by the provider" },
      ],
    }),
  );
});

test.each([
  { case: "none", eventTypes: [] },
  { case: "two", eventTypes: ["known", "known.too"] },
  { case: "a pattern", eventTypes: ["known.*"] },
])("refuses $case where it must be exactly one event type", ({ eventTypes }) => {
  const check = () => checkWebhook({ ...draft, eventTypes }, all, { ...rules, isOneType: true });
  expect(check).toThrow("webhook.eventTypes: must be exactly one event type");
});
