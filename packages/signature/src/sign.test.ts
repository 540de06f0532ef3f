import { createHash, createPublicKey } from "node:crypto";
import fc from "fast-check";
import { createSigner, createVerifier, httpbis } from "http-message-signatures";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, test } from "vitest";
import type { Rfc9421Signature } from "./scheme.ts";
import { newSecret, newSigningKey } from "./secret.ts";
import { type SignOptions, sign, signAll } from "./sign.ts";
import { verify } from "./verify.ts";

const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const timestampS = 1614265330;
const body = Buffer.from('{"test": 2432232314}');
const nowS = Math.floor(Date.now() / 1000);

describe("the specification's vectors", () => {
  test("v1", () => {
    const secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    expect(sign({ scheme: "standard", secrets, id, timestampS, body })).toEqual({
      "webhook-id": id,
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("v1 under Svix's names", () => {
    const secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    expect(sign({ scheme: "svix", secrets, id, timestampS, body })).toEqual({
      "svix-id": id,
      "svix-timestamp": "1614265330",
      "svix-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("v1a", () => {
    const secrets = [
      "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
    ];
    expect(sign({ scheme: "standard-ed25519", secrets, id, timestampS, body })).toMatchObject({
      "webhook-signature":
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==",
    });
  });
});

describe("published packages accept what we sign", () => {
  const json = fc.json().map((text) => Buffer.from(text));

  test("standardwebhooks", () => {
    fc.assert(
      fc.property(json, (content) => {
        const secret = newSecret();
        const headers = sign({
          scheme: "standard",
          secrets: [secret],
          id,
          timestampS: nowS,
          body: content,
        });
        const verified = new StandardWebhook(secret).verify(content, headers);
        expect(verified).toEqual(JSON.parse(content.toString()));
      }),
    );
  });

  test("svix", () => {
    fc.assert(
      fc.property(json, (content) => {
        const secret = newSecret();
        const headers = sign({
          scheme: "svix",
          secrets: [secret],
          id,
          timestampS: nowS,
          body: content,
        });
        const changed = Buffer.concat([content, Buffer.from(" ")]);
        expect(() => new SvixWebhook(secret).verify(content, headers)).not.toThrow();
        expect(() => new SvixWebhook(secret).verify(changed, headers)).toThrow(/matching/);
      }),
    );
  });

  test("standardwebhooks, with Ed25519 signatures in the same header", () => {
    const secret = newSecret();
    const signings = [
      { scheme: "standard-ed25519", secrets: [newSigningKey().secret] },
      { scheme: "standard", secrets: [secret] },
    ] as const;
    const request = { method: "POST", url: "https://example.com/", contentType: "text/plain" };
    const headers = signAll(signings, { id, timestampS: nowS, body, request });
    expect(new StandardWebhook(secret).verify(body, headers)).toEqual({ test: 2432232314 });
  });

  describe("http-message-signatures", () => {
    const secret = newSecret();
    const pair = newSigningKey();
    const x = Buffer.from(pair.publicKey.slice("whpk_".length), "base64").toString("base64url");
    const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
    const bySecret = createVerifier(secret, "hmac-sha256");
    const byBytes = createVerifier(Buffer.from(secret.slice(6), "base64"), "hmac-sha256");
    const byPublicKey = createVerifier(publicKey, "ed25519");
    const rest = ["content-digest", "content-type", "webhook-id"];
    const whole = ["@method", "@target-uri", ...rest];
    const parts = ["@method", "@authority", "@path", ...rest];

    test.each<[Omit<Rfc9421Signature, "scheme">, typeof bySecret, string, string[]]>([
      [{}, bySecret, "https://example.com/", whole],
      [{ secretEncoding: "decoded" }, byBytes, "https://example.com:8443/a?b=c", whole],
      [{ label: "acme", tag: 'a "b" \\' }, bySecret, "http://127.0.0.1:9000/a%20b", whole],
      [{ algorithm: "ed25519" }, byPublicKey, "https://example.com/hooks", whole],
      [{ target: "authority-and-path" }, bySecret, "https://EXAMPLE.com/hooks", parts],
      [{ target: "authority-and-path" }, bySecret, "https://a.b/c?d", [...parts, "@query"]],
    ])("%j", async (options, verify, url, requiredFields) => {
      const secrets = [options.algorithm === "ed25519" ? pair.secret : secret];
      const request = { method: "POST", url, contentType: "application/json", keyId: "wh_1" };
      const message = { secrets, id, timestampS: nowS, body, request };
      const headers = sign({ scheme: "rfc9421", ...options, ...message });
      const requiredParams = ["created", "keyid", "alg", ...(options.tag ? ["tag"] : [])];
      const keyIds: unknown[] = [];
      const config = {
        requiredFields,
        requiredParams,
        tolerance: 5,
        keyLookup: async ({ keyid }: { keyid?: string }) => {
          keyIds.push(keyid);
          return { verify };
        },
      };
      const received = { method: "POST", url: new URL(url), headers };
      expect(await httpbis.verifyMessage(config, received)).toBe(true);
      expect(keyIds).toEqual(["wh_1"]);
      const moved = { ...received, url: new URL("/elsewhere", url) };
      expect(await httpbis.verifyMessage(config, moved)).toBe(false);
    });
  });

  test("with either secret while a rotation overlaps", () => {
    const secrets = [newSecret(), newSecret()];
    const headers = sign({ scheme: "standard", secrets, id, timestampS: nowS, body });
    expect(headers["webhook-signature"]?.split(" ")).toHaveLength(2);
    for (const secret of secrets) {
      expect(new StandardWebhook(secret).verify(body, headers)).toEqual({ test: 2432232314 });
    }
    expect(() => new StandardWebhook(newSecret()).verify(body, headers)).toThrow(/matching/);
  });
});

describe("we accept what published packages sign", () => {
  test("standardwebhooks", () => {
    const secret = newSecret();
    const signature = new StandardWebhook(secret).sign(id, new Date(timestampS * 1000), body);
    const headers = {
      "Webhook-Id": id,
      "Webhook-Timestamp": String(timestampS),
      "Webhook-Signature": signature,
    };
    const verified = verify({
      scheme: "standard",
      secrets: [secret],
      headers,
      body,
      nowS: timestampS,
    });
    expect(verified).toEqual({ ok: true });
  });
});

test("we accept what http-message-signatures signs", async () => {
  const secret = newSecret();
  const digest = createHash("sha256").update(body).digest("base64");
  const message = {
    method: "POST",
    url: "https://example.com/hooks?a=1",
    headers: {
      "Content-Digest": `sha-512=:YQ==:, sha-256=:${digest}:`,
      "Content-Type": "application/json; charset=utf-8",
      "Webhook-Id": id,
    },
  };
  const fields = ["webhook-id", "content-type", "content-digest", "@method", "@target-uri"];
  const signed = await httpbis.signMessage(
    { key: createSigner(secret, "hmac-sha256"), fields, name: "sig1" },
    message,
  );
  const { headers, ...request } = signed;
  const received = {
    secrets: [secret],
    headers,
    body,
    nowS,
    request: { ...request, url: message.url },
  };
  expect(verify({ scheme: "rfc9421", ...received })).toEqual({ ok: true });
});

describe("what cannot be signed is refused without a word of the secret", () => {
  const request = { method: "POST", url: "https://example.com/", contentType: "text/plain" };
  const rfc9421 = { scheme: "rfc9421", request } as const;
  const good = { scheme: "standard", secrets: [newSecret()], id, timestampS, body } as const;
  test.each<[string, SignOptions, string]>([
    ["no secret", { ...good, secrets: [] }, "without a secret"],
    ["a header with no key", { ...good, scheme: "hmac", header: "a", secrets: [""] }, "empty"],
    ["a malformed secret", { ...good, secrets: ["whsec_hunter2"] }, "base64"],
    ["a secret of another scheme", { ...good, secrets: [newSigningKey().secret] }, "whsec_"],
    ["an id with a dot", { ...good, id: "a.1" }, "without a dot"],
    ["an id with a line break", { ...good, id: "a\r\nb" }, "visible characters"],
    ["a broken second", { ...good, timestampS: 1.5 }, "whole seconds"],
    ["a tag with a line break", { ...good, ...rfc9421, tag: "a\nb" }, "printable ASCII"],
    [
      "rfc9421 with an HMAC secret for Ed25519",
      { ...good, ...rfc9421, algorithm: "ed25519" },
      "whsk_",
    ],
    ["a time before 1970", { ...good, timestampS: -1 }, "whole seconds"],
  ])("%s", (_name, options, message) => {
    expect(() => sign(options)).toThrow(message);
    expect(() => sign(options)).not.toThrow("hunter2");
  });
});
