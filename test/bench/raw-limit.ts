/**
 * The machine's limit for this work: signed 1 kB POSTs from one process by a bare undici loop to
 * the receiver in another, with nothing else.
 */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import { Agent } from "undici";
import { monotonicUs } from "./clock.ts";

const connectionCount = 64;

/** Gives POSTs per second over the time. */
export async function rawLimit(origin: string, seconds: number): Promise<number> {
  const agent = new Agent({ connections: connectionCount, pipelining: 1 });
  const body = Buffer.from(JSON.stringify({ type: "bench", data: "x".repeat(1000) }));
  const key = createSecretKey(randomBytes(32));
  const startUs = monotonicUs();
  const endUs = startUs + seconds * 1e6;
  let count = 0;
  const loop = async () => {
    while (monotonicUs() < endUs) {
      const id = `raw_${count++}`;
      const timestamp = String(Math.floor(Date.now() / 1000));
      const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body);
      const answer = await agent.request({
        origin,
        path: "/count/raw",
        method: "POST",
        headers: {
          "content-type": "application/json",
          "webhook-id": id,
          "webhook-timestamp": timestamp,
          "webhook-signature": `v1,${signature.digest("base64")}`,
        },
        body,
      });
      await answer.body.dump();
    }
  };
  await Promise.all(Array.from({ length: connectionCount }, loop));
  const perSecond = count / ((monotonicUs() - startUs) / 1e6);
  await agent.close();
  return perSecond;
}
