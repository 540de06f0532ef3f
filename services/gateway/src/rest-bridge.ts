import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RestAnswer, RestHandler } from "@posthorn/rest";
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

/** The body's chunks. Leaving the iteration early leaves the connection open for the answer. */
async function* bodyOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    let bytes = 0;
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      yield chunk;
    }
    if (bytes >= heavyBytes) await heavyTurn("fresh");
  } catch (cause) {
    throw new ConnectError("the request broke off", Code.Canceled, undefined, undefined, cause);
  }
}

/** Sends an answer; `stop` cuts a stream off. Never throws for what the caller does. */
export async function sendAnswer(
  { status, headers, body }: Pick<RestAnswer, "status" | "headers" | "body">,
  { request, response, stop }: Exchange,
): Promise<void> {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.setHeader("cache-control", "no-store");
  response.setHeader("x-content-type-options", "nosniff");
  response.statusCode = status;
  if (!(body instanceof Uint8Array)) return await sendStream(body, response, stop);
  // A 204 has no body, and says so by its status alone (RFC 9110, 8.6).
  if (status !== 204) response.setHeader("content-length", body.length);
  if (request.complete) response.end(body);
  else endLingering(request, response, body);
}

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
