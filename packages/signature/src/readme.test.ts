import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { receiver } from "../test/examples/receiver.ts";
import { type Signature, signAll } from "./index.ts";
import { newSecret, newSigningKey } from "./secret.ts";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");
const blocks = [...read("../README.md").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code,
);

test("shows examples that are compiled", () => {
  const names = ["sign-and-verify", "receiver", "several-ways", "explain"];
  expect(blocks).toEqual(names.map((name) => read(`../test/examples/${name}.ts`)));
});

test("shows code that verifies what it signs", async () => {
  await import("../test/examples/sign-and-verify.ts");
  const { headers, result } = await import("../test/examples/several-ways.ts");
  expect(result).toEqual({ ok: true });
  expect(Object.keys(headers).sort()).toEqual([
    "content-digest",
    "content-type",
    "signature",
    "signature-input",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-acme-signature",
  ]);
  const { faults, first } = await import("../test/examples/explain.ts");
  expect(faults).toEqual([first]);
  expect(first?.reason).toBe("body_reserialized");
});

const pair = newSigningKey();
const secret = newSecret();

test.each<[Signature, string, string]>([
  [{ scheme: "standard" }, secret, secret],
  [{ scheme: "svix" }, secret, secret],
  [{ scheme: "standard-ed25519" }, pair.secret, pair.publicKey],
  [{ scheme: "hmac", header: "X-Acme-Signature", prefix: "sha256=" }, secret, secret],
  [{ scheme: "timestamped-hmac", header: "X-Acme-Signature" }, secret, secret],
  [{ scheme: "rfc9421" }, secret, secret],
  [{ scheme: "rfc9421", algorithm: "ed25519" }, pair.secret, pair.publicKey],
])("shows a receiver that verifies %j and nothing else", async (signature, signer, verifier) => {
  const publicUrl = "https://hooks.example.com";
  const server = receiver(signature, [verifier], publicUrl).listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const body = Buffer.from('{"a":1}');
    const request = {
      method: "POST",
      url: `${publicUrl}/acme?a=1`,
      contentType: "application/json",
    };
    const timestampS = Math.floor(Date.now() / 1000);
    const signing = { ...signature, secrets: [signer] };
    const signed = signAll([signing], { id: "evt_1", timestampS, body, request });
    const headers = { "content-type": "application/json", ...signed };
    const post = async (sent: Buffer) =>
      (await fetch(`http://127.0.0.1:${port}/acme?a=1`, { method: "POST", headers, body: sent }))
        .status;
    expect(await post(body)).toBe(204);
    expect(await post(Buffer.from('{"a":2}'))).toBe(401);
  } finally {
    server.close();
  }
});
