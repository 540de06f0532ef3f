import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Answer, eventually, type ReceivedRequest, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";
import {
  byEd25519,
  byHmac,
  byRfc9421,
  byStandard,
  bySvix,
  byTimestampedHmac,
  type IsGenuine,
} from "../harness/verifiers.ts";

let posthorn: Awaited<ReturnType<typeof oneProcess>>;
let adminKey: string;
let providerCount = 0;

beforeAll(async () => {
  posthorn = await oneProcess();
  adminKey = readFileSync(join(posthorn.dataDir, "admin-key"), "utf8").trim();
}, 120_000);
afterAll(() => posthorn?.stop());

const header = "X-Acme-Signature";

/** Calls the REST API and gives the body of an answer that is no error. */
async function call(key: string, method: string, path: string, body?: object) {
  const answer = await posthorn.call(method, path, body, { key });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.body;
}

/** A webhook as far as these stories go. */
interface Webhook {
  readonly id: string;
  readonly secret: string;
  /** Absent when there are none. */
  readonly publicKeys: readonly string[];
}

/** A provider that signs as told, with a workspace that has one webhook. */
async function setup(
  signatures: readonly object[],
  options: { readonly answers?: readonly Answer[]; readonly webhook?: object } = {},
) {
  providerCount += 1;
  const name = `signing-${providerCount}`;
  const apply = (next: readonly object[], { allowBreaking = false } = {}) => {
    const file = { name, unknownEventTypes: "CREATE", signatures: next };
    return call(adminKey, "POST", `/v1/providers:apply?allowBreaking=${allowBreaking}`, file);
  };
  const { operatorKey: key } = await apply(signatures);
  const target = await receiver({ answers: options.answers ?? [200] });
  const w = "/v1/workspaces/acme";
  const draft = { url: `${target.url}?a=1`, ...options.webhook };
  const webhook: Webhook = await call(key, "POST", `${w}/webhooks`, draft);
  const path = `${w}/webhooks/${webhook.id}`;
  const event = { type: "order.created", data: { a: 1 } };
  return {
    target,
    webhook,
    apply,
    getWebhook: (): Promise<Webhook> => call(key, "GET", path),
    publish: async (): Promise<string> => (await call(key, "POST", `${w}/events`, event)).id,
    testWebhook: () => call(key, "POST", `${path}:test`, { eventTypes: [event.type] }),
    rotate: (): Promise<Webhook> => call(key, "POST", `${path}:rotateSecret`, {}),
  };
}

const results = (requests: readonly ReceivedRequest[], isGenuine: IsGenuine, key = "") =>
  Promise.all(requests.map((request) => isGenuine(request, key)));

const all = (requests: readonly ReceivedRequest[]) => requests.map(() => true);

describe("a receiver verifies with published packages", () => {
  it("each of several signatures, in deliveries and in tests", async () => {
    const { target, webhook, publish, testWebhook } = await setup([
      { scheme: "STANDARD" },
      { scheme: "STANDARD_ED25519" },
      { scheme: "HMAC", header, prefix: "sha256=" },
      { scheme: "RFC9421" },
    ]);
    await publish();
    await testWebhook();
    const requests = await target.next(2);
    const [publicKey] = webhook.publicKeys;
    const byHeader = byHmac(header.toLowerCase(), "sha256=");
    expect(await results(requests, byStandard, webhook.secret)).toEqual(all(requests));
    expect(await results(requests, byEd25519, publicKey)).toEqual(all(requests));
    expect(await results(requests, byHeader, webhook.secret)).toEqual(all(requests));
    expect(await results(requests, byRfc9421(target.url), webhook.secret)).toEqual(all(requests));
  });

  it("the other schemes", async () => {
    const { target, webhook, publish } = await setup([
      { scheme: "SVIX" },
      { scheme: "TIMESTAMPED_HMAC", header },
      { scheme: "RFC9421", algorithm: "ED25519", target: "AUTHORITY_AND_PATH", tag: "acme" },
    ]);
    await publish();
    const requests = await target.next();
    const [publicKey] = webhook.publicKeys;
    const byTime = byTimestampedHmac(header.toLowerCase());
    expect(await results(requests, bySvix, webhook.secret)).toEqual([true]);
    expect(await results(requests, byTime, webhook.secret)).toEqual([true]);
    expect(await results(requests, byRfc9421(target.url), publicKey)).toEqual([true]);
  });

  it("without a secret, where only Ed25519 signs", async () => {
    const { target, webhook, publish } = await setup([{ scheme: "STANDARD_ED25519" }]);
    expect(webhook.secret ?? "").toBe("");
    await publish();
    const requests = await target.next();
    expect(await results(requests, byEd25519, webhook.publicKeys[0])).toEqual([true]);
  });
});

describe("a provider's file changes from STANDARD to another scheme", () => {
  const standard = { scheme: "STANDARD" };

  it.each([
    ["HMAC", { scheme: "HMAC", header }, byHmac(header.toLowerCase())],
    ["SVIX", { scheme: "SVIX" }, bySvix],
    ["STANDARD_ED25519", { scheme: "STANDARD_ED25519" }, byEd25519],
  ])(
    "%s, and no receiver meets a delivery that it cannot verify",
    async (_name, next, isGenuine) => {
      const { target, webhook, apply, publish, getWebhook } = await setup([standard]);
      const publisher = publishing(publish);
      await publisher.more(10);
      await apply([standard, next]);
      const from = await publisher.more(20);
      const { publicKeys = [] } = await getWebhook();
      const endsAtMs = Date.now();
      await apply([next], { allowBreaking: true });
      await publisher.more(20);
      const ids = await publisher.stop();
      await eventually(() => expect(new Set(idsOf(target.requests))).toEqual(new Set(ids)));
      const beforeTheEnd = target.requests.filter(({ receivedAtMs }) => receivedAtMs < endsAtMs);
      const later = new Set<string | undefined>(ids.slice(from));
      const sinceBoth = target.requests.filter(({ headers }) => later.has(headers["webhook-id"]));
      const key = publicKeys[0] ?? webhook.secret;
      expect(await results(beforeTheEnd, byStandard, webhook.secret)).toEqual(all(beforeTheEnd));
      expect(await results(sinceBoth, isGenuine, key)).toEqual(all(sinceBoth));
      expect(beforeTheEnd.length).toBeGreaterThanOrEqual(20);
      expect(sinceBoth.length).toBeGreaterThanOrEqual(40);
      const last = target.requests.slice(-1);
      expect(await results(last, byStandard, webhook.secret)).toEqual([false]);
    },
  );

  it("and a retry is signed as the file says by then", async () => {
    const retryPolicy = { delays: ["4s"] };
    const { target, webhook, apply, publish } = await setup([standard], {
      answers: [500, 200],
      webhook: { retryPolicy },
    });
    await publish();
    const [first] = await target.next();
    await apply([{ scheme: "HMAC", header }], { allowBreaking: true });
    const requests = await target.next();
    expect(first?.headers).not.toHaveProperty(header.toLowerCase());
    const byHeader = byHmac(header.toLowerCase());
    expect(await results(requests, byHeader, webhook.secret)).toEqual([true]);
    expect(await results(requests, byStandard, webhook.secret)).toEqual([false]);
  });
});

describe("while a rotation overlaps", () => {
  it("old and new verify where there is room for two, and the new alone elsewhere", async () => {
    const { target, webhook, publish, rotate } = await setup([
      { scheme: "STANDARD" },
      { scheme: "STANDARD_ED25519" },
      { scheme: "TIMESTAMPED_HMAC", header: "X-Timed" },
      { scheme: "HMAC", header },
    ]);
    const rotated = await rotate();
    await publish();
    const requests = await target.next();
    const verified = async (isGenuine: IsGenuine, keys: readonly string[]) =>
      (await Promise.all(keys.map((key) => results(requests, isGenuine, key)))).flat();
    const secrets = [rotated.secret, webhook.secret];
    expect(await verified(byStandard, secrets)).toEqual([true, true]);
    expect(await verified(byTimestampedHmac("x-timed"), secrets)).toEqual([true, true]);
    expect(await verified(byHmac(header.toLowerCase()), secrets)).toEqual([true, false]);
    expect(rotated.publicKeys.slice(1)).toEqual(webhook.publicKeys);
    expect(await verified(byEd25519, rotated.publicKeys)).toEqual([true, true]);
  });
});

it("puts the signature in place of a header that a webhook had before", async () => {
  const headers = { "X-ACME-Signature": "mine", "X-Other": "1" };
  const { target, webhook, apply, publish } = await setup([], { webhook: { headers } });
  await publish();
  const [before] = await target.next();
  expect(before?.headers).toMatchObject({ "x-acme-signature": "mine" });
  await apply([{ scheme: "HMAC", header }], { allowBreaking: true });
  await publish();
  const requests = await target.next();
  expect(requests[0]?.headers).toMatchObject({ "x-other": "1" });
  const byHeader = byHmac(header.toLowerCase());
  expect(await results(requests, byHeader, webhook.secret)).toEqual([true]);
});

function idsOf(requests: readonly ReceivedRequest[]) {
  return requests.map(({ headers }) => headers["webhook-id"]);
}

/** Publishes one event after the other until it is stopped. */
function publishing(publish: () => Promise<string>) {
  const ids: string[] = [];
  let isStopped = false;
  const running = run();
  return {
    /** Waits until that many have been published since the call; gives the place of the first. */
    async more(count: number): Promise<number> {
      const from = ids.length + 1; // One is under way.
      await eventually(() => expect(ids.length).toBeGreaterThanOrEqual(from + count));
      return from;
    },
    async stop(): Promise<readonly string[]> {
      isStopped = true;
      await running;
      return ids;
    },
  };

  async function run(): Promise<void> {
    while (!isStopped) ids.push(await publish());
  }
}
