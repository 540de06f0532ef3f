import { createHmac } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type ReceivedRequest, type Receiver, receiver } from "@posthorn/testkit";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess, type Posthorn } from "../harness/posthorn.ts";
import { blocksOf, readDoc } from "./doc.ts";
import { canRun, checker, languages, type Message } from "./languages.ts";

const provider = {
  name: "verified",
  unknownEventTypes: "CREATE",
  signatures: [
    { scheme: "STANDARD" },
    { scheme: "SVIX" },
    { scheme: "HMAC", header: "X-Acme-Signature" },
  ],
};
const data = '{"name": "Zoë 🎺", "total": 1.0, "id": 12345678901234567890, "path": "a\\/b"}';
const otherSecret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

let posthorn: Posthorn & { readonly dataDir: string };
let target: Receiver;
/** One delivery before and one after the secret was rotated, with 24 hours of overlap. */
let before: ReceivedRequest;
let after: ReceivedRequest;
let secret: string;
let nextSecret: string;

beforeAll(async () => {
  posthorn = await oneProcess();
  target = await receiver();
  const adminKey = readFileSync(join(posthorn.dataDir, "admin-key"), "utf8").trim();
  const { operatorKey } = await call(adminKey, "/v1/providers:apply", provider);
  const webhooks = "/v1/workspaces/acme/webhooks";
  const webhook = await call(operatorKey, webhooks, { url: target.url });
  secret = webhook.secret;
  before = await deliver(operatorKey);
  const rotated = await call(operatorKey, `${webhooks}/${webhook.id}:rotateSecret`, {});
  nextSecret = rotated.secret;
  after = await deliver(operatorKey);
}, 120_000);
afterAll(async () => {
  await posthorn?.stop();
  await target?.close();
});

async function call(key: string, path: string, body: unknown) {
  const answer = await posthorn.call("POST", path, body, { key });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.body;
}

async function deliver(key: string): Promise<ReceivedRequest> {
  const event = `{"type": "order.created", "data": ${data}}`;
  await call(key, "/v1/workspaces/acme/events", event);
  const [request] = await target.next();
  if (request === undefined) throw new Error("nothing was delivered");
  return request;
}

function byStandard({ headers, body }: ReceivedRequest, prefix = "webhook"): Message {
  return {
    scheme: "standard",
    secret,
    id: headers[`${prefix}-id`] ?? "",
    timestamp: headers[`${prefix}-timestamp`] ?? "",
    signature: headers[`${prefix}-signature`] ?? "",
    body,
  };
}

function byHmac({ headers, body }: ReceivedRequest): Message {
  const signature = headers["x-acme-signature"] ?? "";
  return { scheme: "hmac", secret, id: "", timestamp: "", signature, body };
}

/** A message of ours, signed at another time than now. */
function signedAt(distanceS: number): Message {
  const message = byStandard(before);
  const time = new Date(Date.now() + distanceS * 1000);
  return {
    ...message,
    timestamp: String(Math.floor(time.getTime() / 1000)),
    signature: new Webhook(secret).sign(message.id, time, message.body.toString()),
  };
}

const nowS = () => String(Math.floor(Date.now() / 1000));
const changed = (body: Buffer) => Buffer.from(body.toString().replace("1.0", "2.0"));

const genuine: readonly (readonly [string, () => Message])[] = [
  ["a delivery", () => byStandard(before)],
  ["a delivery by Svix's headers", () => byStandard(before, "svix")],
  ["a delivery by HMAC", () => byHmac(before)],
  ["a rotated secret's old holder", () => byStandard(after)],
  ["a rotated secret's new holder", () => ({ ...byStandard(after), secret: nextSecret })],
  ["a rotated secret by HMAC", () => ({ ...byHmac(after), secret: nextSecret })],
  ["a message of four minutes ago", () => signedAt(-240)],
];

const refused: readonly (readonly [string, () => Message])[] = [
  ["a changed body", () => ({ ...byStandard(before), body: changed(before.body) })],
  ["a changed body by HMAC", () => ({ ...byHmac(before), body: changed(before.body) })],
  ["another's secret", () => ({ ...byStandard(before), secret: otherSecret })],
  ["another's secret by HMAC", () => ({ ...byHmac(before), secret: otherSecret })],
  ["the secret before a rotation by HMAC", () => byHmac(after)],
  ["an old message", () => signedAt(-330)],
  ["a message from the future", () => signedAt(330)],
  ["an old message with a new time", () => ({ ...signedAt(-330), timestamp: nowS() })],
  ["another id", () => ({ ...byStandard(before), id: "evt_1" })],
  ["a timestamp in words", () => ({ ...byStandard(before), timestamp: "now" })],
  ["no timestamp", () => ({ ...byStandard(before), timestamp: "" })],
  ["no signature", () => ({ ...byStandard(before), signature: "" })],
  ["no signature by HMAC", () => ({ ...byHmac(before), signature: "" })],
  ["an empty signature", () => ({ ...byStandard(before), signature: "v1," })],
  ["a signature cut off", () => ({ ...byHmac(before), signature: "0f" })],
];

const byEmptyKey = (text: string | Buffer) => createHmac("sha256", "").update(text);

/** Who forgot to set the secret must not take what anyone can sign with an empty key. */
const unset: readonly (readonly [string, () => Message])[] = [
  ["standard", unsetStandard],
  [
    "hmac",
    () => ({ ...byHmac(before), secret: "", signature: byEmptyKey(before.body).digest("hex") }),
  ],
];

function unsetStandard(): Message {
  const message = byStandard(before);
  const digest = byEmptyKey(`${message.id}.${message.timestamp}.${message.body}`).digest("base64");
  return { ...message, secret: "", signature: `v1,${digest}` };
}

describe.each(languages)("examples/verify/$name", (language) => {
  it("is what docs/verify.md shows", () => {
    const code = readDoc(`examples/verify/${language.name}/${language.file}`);
    const blocks = blocksOf(readDoc("docs/verify.md"));
    expect(blocks.filter(({ language: block }) => block === language.block)).toEqual([
      { language: language.block, code },
    ]);
  });

  describe.runIf(canRun(language))("on this machine", () => {
    let program: Awaited<ReturnType<typeof checker>>;
    beforeAll(async () => {
      program = await checker(language);
    }, 120_000);
    afterAll(() => rmSync(program?.target, { recursive: true, force: true }));

    it.each(genuine)("takes %s", async (_case, message) => {
      expect(await program.check(message())).toEqual({ said: "genuine", code: 0 });
    });

    it.each(refused)("refuses %s", async (_case, message) => {
      expect(await program.check(message())).toEqual({ said: "refused", code: 1 });
    });

    it.each(unset)("takes nothing without a secret: %s", async (_case, message) => {
      const { said, code } = await program.check(message());
      expect(said).not.toBe("genuine");
      expect(code).not.toBe(0);
    });
  });
});
