import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { type EgressOptions, egress } from "../src/egress.ts";
import { type Answer, rawReceiver } from "./raw-receiver.ts";

/** What lets a test send to its own receiver. */
export const localPolicy = { allowCidrs: ["127.0.0.1/32"], allowHttp: true };

/** The certificate of the tests for 127.0.0.1 and receiver.example, valid until 2120, and its key. */
export const certificate = {
  cert: readFileSync(new URL("./tls/certificate.pem", import.meta.url), "utf8"),
  key: readFileSync(new URL("./tls/key.pem", import.meta.url), "utf8"),
};

/** The same with a certificate that expired in 2020. */
export const expiredCertificate = {
  ...certificate,
  cert: readFileSync(new URL("./tls/expired.pem", import.meta.url), "utf8"),
};

/** Gives a sender that closes when the test ends, and `post`, which sends `{}`. */
export function sender(options: Partial<EgressOptions> = {}) {
  const { send, close } = egress({ policy: localPolicy, ...options });
  onTestFinished(close);
  const post = (url: string, more: { timeoutMs?: number; headers?: Record<string, string> } = {}) =>
    send({
      url,
      headers: { "content-type": "application/json", ...more.headers },
      body: Buffer.from("{}"),
      timeoutMs: more.timeoutMs ?? 5_000,
    });
  return { send, close, post };
}

/** Gives a receiver that closes when the test ends. */
export async function receiver(answer: Answer, options: Parameters<typeof rawReceiver>[1] = {}) {
  const made = await rawReceiver(answer, options);
  onTestFinished(made.close);
  return made;
}
