import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "./eventually.ts";

/**
 * What a receiver does with a request, once it has read it: a status alone; `hang` never answers;
 * `reset` breaks the connection; `drip` sends a head and then a byte every 50 ms without end.
 */
export type Answer = number | "hang" | "reset" | "drip" | ScriptedAnswer;

/** A whole answer. */
export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Waits before it answers. */
  readonly delayMs?: number;
}

/** A request as it came. */
export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case; several values of one name are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Milliseconds since the epoch, when the body was complete. */
  readonly receivedAtMs: number;
}

/** A scripted HTTP server that stands for every receiver in the world. */
export interface Receiver {
  /** `http://127.0.0.1:<port>/hook`. */
  readonly url: string;
  /** All that came, oldest first; grows. */
  readonly requests: readonly ReceivedRequest[];
  /**
   * Waits until `count` (default 1) further requests have come and gives them: each request is
   * given once. Throws after `timeoutMs` (default 10 s).
   */
  next(count?: number, timeoutMs?: number): Promise<ReceivedRequest[]>;
  /** Replaces the answers still to be given; the last one repeats. */
  answer(...answers: readonly Answer[]): void;
  /** Cuts every connection. */
  close(): Promise<void>;
}

const dripMs = 50;

/** Starts a receiver. It gives the answers in turn and repeats the last; without any, 200. */
export async function receiver(options: { answers?: readonly Answer[] } = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = [];
  let answers = [...(options.answers ?? [200])];
  let givenCount = 0;
  const closed = new AbortController();
  const server = createServer(async (request, response) => {
    const received = await receive(request).catch(() => undefined);
    if (received === undefined) return; // The sender broke off.
    requests.push(received);
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 200;
    await give(answer, response, closed.signal);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    requests,
    async next(count = 1, timeoutMs = 10_000) {
      const from = givenCount;
      givenCount += count;
      await eventually(() => hasCome(requests.length - from, count), { timeoutMs });
      return requests.slice(from, from + count);
    },
    answer(...next) {
      answers = [...next];
    },
    async close() {
      closed.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function hasCome(cameCount: number, wantedCount: number): void {
  if (cameCount < wantedCount) {
    throw new Error(`the receiver got ${cameCount} further requests, not ${wantedCount}`);
  }
}

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const headers = Object.entries(request.headersDistinct).map(([name, values = []]) => [
    name,
    values.join(", "),
  ]);
  return {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
    receivedAtMs: Date.now(),
  };
}

async function give(answer: Answer, response: ServerResponse, closed: AbortSignal): Promise<void> {
  if (answer === "hang") return;
  if (answer === "reset") return void response.socket?.resetAndDestroy();
  if (answer === "drip") return await drip(response, closed);
  const {
    status,
    headers = {},
    body,
    delayMs = 0,
  }: ScriptedAnswer = typeof answer === "number" ? { status: answer } : answer;
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: closed }).catch(() => {});
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status).end(body);
}

/** Ends when the sender, or the receiver, breaks off. */
async function drip(response: ServerResponse, closed: AbortSignal): Promise<void> {
  response.writeHead(200, { "content-type": "text/plain" });
  while (!closed.aborted && !response.destroyed) {
    response.write(".");
    await sleep(dripMs, undefined, { signal: closed }).catch(() => {});
  }
}
