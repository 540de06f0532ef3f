import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { Part } from "@posthorn/runtime";
import { Webhook } from "standardwebhooks";

/** A delivery that came in. */
export interface Received {
  /** `webhook-id`: the event's id. */
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Why the signature is not to be trusted; undefined: it verified. */
  readonly problem: string | undefined;
  /** When the last byte of it was here, on `performance.now()`'s clock. */
  readonly receivedAtMs: number;
}

/** The webhook's other end: what a customer of the provider would run. */
export interface Receiver {
  readonly part: Part;
  /** Where it listens; only while the part runs. */
  url(): string;
  /** From now on signatures are checked by this secret: `whsec_...`. */
  trust(secret: string): void;
  /** Calls back for each delivery; gives what ends that. */
  onReceived(callback: (received: Received) => void): () => void;
}

const bodyBytesMax = 1024 * 1024;

/** Gives a receiver on a free port of 127.0.0.1, which answers 204 to what is signed and 401 else. */
export function receiver(): Receiver {
  const callbacks = new Set<(received: Received) => void>();
  let port = 0;
  let webhook: Webhook | undefined;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request).catch(() => undefined);
    if (body === undefined) return response.writeHead(413).end();
    const headers = headersOf(request);
    const problem = problemOf(webhook, body, headers);
    response.writeHead(problem === undefined ? 204 : 401).end();
    const id = headers["webhook-id"] ?? "";
    const received = { id, headers, body, problem, receivedAtMs: performance.now() };
    for (const callback of callbacks) callback(received);
    return response;
  });
  return {
    part: {
      name: "demo receiver",
      async run(stop, ready) {
        await once(server.listen(0, "127.0.0.1"), "listening");
        const address = server.address();
        port = typeof address === "object" && address !== null ? address.port : 0;
        ready();
        if (!stop.aborted) await once(stop, "abort");
        server.close();
        server.closeAllConnections();
      },
    },
    url: () => `http://127.0.0.1:${port}/webhooks`,
    trust(secret) {
      webhook = new Webhook(secret);
    },
    onReceived(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of request) {
    byteCount += chunk.length;
    if (byteCount > bodyBytesMax) throw new Error(`more than ${bodyBytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function problemOf(
  webhook: Webhook | undefined,
  body: string,
  headers: Record<string, string>,
): string | undefined {
  if (webhook === undefined) return "no secret is known yet";
  try {
    webhook.verify(body, headers);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
