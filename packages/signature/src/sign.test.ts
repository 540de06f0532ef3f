import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, test } from "vitest";
import { newSecret, newSigningKey } from "./secret.ts";
import { sign } from "./sign.ts";
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

describe("what cannot be signed is refused without a word of the secret", () => {
  const good = { scheme: "standard", secrets: [newSecret()], id, timestampS, body } as const;
  test.each([
    ["no secret", { ...good, secrets: [] }, "without a secret"],
    ["a malformed secret", { ...good, secrets: ["whsec_hunter2"] }, "base64"],
    ["a secret of another scheme", { ...good, secrets: [newSigningKey().secret] }, "whsec_"],
    ["an id with a dot", { ...good, id: "a.1" }, "without a dot"],
    ["an id with a line break", { ...good, id: "a\r\nb" }, "visible characters"],
    ["a broken second", { ...good, timestampS: 1.5 }, "whole seconds"],
    ["a time before 1970", { ...good, timestampS: -1 }, "whole seconds"],
  ])("%s", (_name, options, message) => {
    expect(() => sign(options)).toThrow(message);
    expect(() => sign(options)).not.toThrow("hunter2");
  });
});
