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

const lineFeed = 0x0a;
const space = 0x20;

/** The lines of a body that are not blank. */
async function* lines(
  body: Uint8Array | AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array> {
  const line = begunLine(bytesMax);
  for await (const chunk of iterable(body)) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      line.add(chunk.subarray(start, end));
      start = end + 1;
      yield* line.take();
    }
    line.add(chunk.subarray(start));
  }
  yield* line.take();
}

/** A line that is still coming; its parts are joined once, however many there are. */
function begunLine(bytesMax: number) {
  let parts: Uint8Array[] = [];
  let length = 0;
  return {
    add(part: Uint8Array): void {
      length += part.length;
      if (length > bytesMax) throw tooLarge(bytesMax);
      parts.push(part);
    },
    /** Gives the line, unless it is blank, and begins the next. */
    *take(): Generator<Uint8Array> {
      const line = Buffer.concat(parts, length);
      parts = [];
      length = 0;
      if (line.some((byte) => byte > space)) yield line;
    },
  };
}

function iterable(body: Uint8Array | AsyncIterable<Uint8Array>) {
  return body instanceof Uint8Array ? [body] : body;
}

/** Gives the one answer of a stream of requests. */
export async function onlyAnswer<T>(answers: AsyncIterable<T>): Promise<T> {
  for await (const answer of answers) return answer;
  throw new AppError("unavailable", "the service gave no answer");
}
