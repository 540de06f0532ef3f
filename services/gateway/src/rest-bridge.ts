import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RestAnswer, RestHandler, StreamedBody } from "@posthorn/rest";
import { heavyTurn } from "@posthorn/runtime";
import { endLingering } from "./end-lingering.ts";

/** To read a body of this size takes about half a millisecond. */
const heavyBytes = 32 * 1024;

/** A request and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Cuts streams off. */
  readonly stop: AbortSignal;
}

/** Asks the REST handler about a Node request; the call is aborted when the caller hangs up. */
export async function askRest(
  handle: RestHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<RestAnswer> {
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  return await handle({
    ...splitUrl(request.url ?? "/"),
    method: request.method ?? "GET",
    headers: request.headers,
    body: bodyOf(request),
    signal: gone.signal,
  });
}

function splitUrl(url: string): { path: string; query: string } {
  const mark = url.indexOf("?");
  return mark < 0
    ? { path: url, query: "" }
    : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}

/** The body as it comes. Leaving its iteration early leaves the connection open for the answer. */
function bodyOf(request: IncomingMessage): StreamedBody {
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of request.iterator({ destroyOnReturn: false })) yield chunk;
      } catch (cause) {
        throw brokenOff(cause);
      }
    },
    async whole(bytesMax) {
      const body = await wholeBody(request, bytesMax);
      if (body !== undefined && body.length >= heavyBytes) await heavyTurn("fresh");
      return body;
    },
  };
}

/** By events, since a stream's iterator takes several times as much of the processor. */
function wholeBody(request: IncomingMessage, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on("data", onData).on("end", onEnd).on("error", onBreak).on("close", onBreak);

    function onData(chunk: Uint8Array): void {
      chunks.push(chunk);
      length += chunk.length;
      if (length <= bytesMax) return;
      request.pause();
      leave();
      resolve(undefined);
    }

    function onEnd(): void {
      leave();
      const [only] = chunks;
      resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks, length));
    }

    function onBreak(cause?: unknown): void {
      reject(brokenOff(cause));
    }

    function leave(): void {
      request.off("data", onData).off("end", onEnd).off("error", onBreak).off("close", onBreak);
    }
  });
}

function brokenOff(cause: unknown): ConnectError {
  return new ConnectError("the request broke off", Code.Canceled, undefined, undefined, cause);
}

/** Sends an answer; `stop` cuts a stream off. Never throws for what the caller does. */
export async function sendAnswer(
  { status, headers, body }: Pick<RestAnswer, "status" | "headers" | "body">,
  { request, response, stop }: Exchange,
): Promise<void> {
  const head: OutgoingHttpHeaders = { ...headers, ...onEveryAnswer };
  if (!(body instanceof Uint8Array)) {
    response.writeHead(status, head);
    return await sendStream(body, response, stop);
  }
  // A 204 has no body, and says so by its status alone (RFC 9110, 8.6).
  if (status !== 204) head["content-length"] = body.length;
  if (!request.complete) return endLingering({ request, response }, { status, head, body });
  response.writeHead(status, head);
  response.end(body);
}

const onEveryAnswer = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** Sends the head at once: the first message may be a while. */
async function sendStream(
  body: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.flushHeaders();
  try {
    await pipeline(Readable.from(body, { objectMode: true, highWaterMark: 1 }), response, {
      signal,
    });
  } catch {
    // The reader is gone or we are stopping; the stream has ended either way.
    response.destroy();
  }
}
