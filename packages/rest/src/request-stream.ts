import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { AppError } from "@posthorn/errors";
import { readBody, tooLarge } from "./request-body.ts";
import type { RequestParts, RequestReader } from "./request-reader.ts";
import type { Route } from "./route.ts";

/** The requests of a stream, on their way to the service. */
export interface RequestStream {
  readonly messages: AsyncIterable<MessageShape<DescMessage>>;
  /** Why a call failed: what was wrong with the requests, or else what the call threw. */
  causeOf(error: unknown): unknown;
}

/** What a stream of requests is read from. */
export interface RequestStreamInput {
  readonly route: Route;
  readonly read: RequestReader;
  /** What path and query give to every request. */
  readonly parts: Omit<RequestParts, "body">;
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** The most that one request may have. */
  readonly bodyBytesMax: number;
}

/**
 * Gives the requests that a body holds: bytes piece by piece as they come, JSON line by line. A body
 * that is not to be, or an empty one of bytes, is one request.
 */
export function requestStream(input: RequestStreamInput): RequestStream {
  let problem: unknown;
  async function* messages() {
    try {
      for await (const body of bodiesOf(input)) yield input.read({ ...input.parts, body });
    } catch (error) {
      problem = error;
      throw error;
    }
  }
  return { messages: messages(), causeOf: (error) => problem ?? error };
}

function bodiesOf({ route, body, bodyBytesMax }: RequestStreamInput): AsyncIterable<Uint8Array> {
  switch (route.body.kind) {
    case "none":
      return whole(body, bodyBytesMax);
    case "bytes":
      return pieces(body);
    case "all":
    case "field":
      return lines(body, bodyBytesMax);
  }
}

async function* whole(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  yield await readBody(body, bytesMax);
}

async function* pieces(body: Uint8Array | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const piece of iterable(body)) {
    isEmpty = false;
    yield piece;
  }
  if (isEmpty) yield new Uint8Array();
}

const lineFeed = 10;

/** The lines of a body that are not blank. */
async function* lines(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  let begun = Buffer.alloc(0);
  for await (const chunk of iterable(body)) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      const line = Buffer.concat([begun, chunk.subarray(start, end)]);
      begun = Buffer.alloc(0);
      start = end + 1;
      yield* checked(line, bytesMax);
    }
    begun = Buffer.concat([begun, chunk.subarray(start)]);
    if (begun.length > bytesMax) throw tooLarge(bytesMax);
  }
  yield* checked(begun, bytesMax);
}

function* checked(line: Buffer, bytesMax: number): Generator<Uint8Array> {
  if (line.length > bytesMax) throw tooLarge(bytesMax);
  if (line.some((byte) => byte > 32)) yield line;
}

function iterable(body: Uint8Array | AsyncIterable<Uint8Array>) {
  return body instanceof Uint8Array ? [body] : body;
}

/** Gives the one answer of a stream of requests. */
export async function onlyAnswer<T>(answers: AsyncIterable<T>): Promise<T> {
  for await (const answer of answers) return answer;
  throw new AppError("unavailable", "the service gave no answer");
}
