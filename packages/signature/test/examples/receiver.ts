import { createServer } from "node:http";
import { type Signature, verify } from "@posthorn/signature";

/** Answers 204 to what was signed as we expect, and 401 to everything else. */
export function receiver(signature: Signature, secrets: readonly string[], publicUrl: string) {
  return createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const result = verify({
      ...signature, // such as { scheme: "hmac", header: "X-Acme-Signature", prefix: "sha256=" }
      secrets, // for Ed25519 the webhook's publicKeys
      headers: request.headers,
      body: Buffer.concat(chunks), // as it came: parse it only afterwards
      nowS: Date.now() / 1000,
      request: { method: request.method ?? "", url: new URL(request.url ?? "", publicUrl).href },
    });
    response.writeHead("ok" in result ? 204 : 401).end();
  });
}
