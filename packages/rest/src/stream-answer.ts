import { type BytesReader, contentTypeOf } from "./answer.ts";
import { settlesWithin } from "./settles-within.ts";
import type { Refusal } from "./status.ts";
import type { OpenStream } from "./stream-call.ts";

/** How the messages of a stream stand in one body. */
export interface StreamFormat {
  readonly contentType: string;
  message(json: string): string;
  /** The last thing in a stream that breaks off; `status` is a google.rpc.Status. */
  error(status: string): string;
  /** What is sent while there is nothing to send, so that nothing between closes the stream. */
  readonly idle: string;
}

const newlineDelimited: StreamFormat = {
  contentType: "application/x-ndjson",
  // In JSON a line break can only be white space between tokens, as raw values may have it.
  message: (json) => `${json.replace(/[\r\n]/g, " ")}\n`,
  error: (status) => `{"error":${status}}\n`,
  idle: "\n",
};

const serverSentEvents: StreamFormat = {
  contentType: "text/event-stream",
  message: (json) => `data: ${json.replace(/\r\n|\r|\n/g, "\ndata: ")}\n\n`,
  error: (status) => `event: error\ndata: ${status}\n\n`,
  idle: ":\n\n",
};

/** Picks server-sent events for whoever accepts them, else one JSON text a line. */
export function streamFormatFor(accept: string): StreamFormat {
  return accept.includes("text/event-stream") ? serverSentEvents : newlineDelimited;
}

/** What a stream's body is made of. */
export interface StreamBodyOptions {
  readonly format: StreamFormat;
  write(message: unknown): string;
  /** Turns what breaks the stream into its last words. */
  refuse(error: unknown): Refusal;
}

/** The bytes of a stream's messages, and the type that the first of them has. */
export interface BytesStream {
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Gives the body of a stream whose messages are pieces of one body of bytes. Waits for the first
 * one, which bears the type. If the stream breaks off, so does the body, lest a part be taken for
 * the whole.
 */
export async function bytesStream(
  { next, end }: OpenStream,
  bytesOf: BytesReader,
): Promise<BytesStream> {
  const first = await next();
  async function* body() {
    try {
      for (let piece = first; piece.done !== true; piece = await next()) {
        yield bytesOf(piece.value)?.data ?? new Uint8Array();
      }
    } finally {
      end();
    }
  }
  return {
    contentType: contentTypeOf(first.done ? undefined : bytesOf(first.value)),
    body: body(),
  };
}

/** Proxies close what is silent for a minute; a quarter of a minute is well below that. */
const idleMs = 15_000;

/**
 * Gives the body of a stream: each message as it comes, a sign of life when none has come for
 * a while, and the status at the end if it breaks off.
 */
export async function* streamBody(
  { next, end }: OpenStream,
  { format, write, refuse }: StreamBodyOptions,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const coming = next();
      while (!(await settlesWithin(coming, idleMs))) yield Buffer.from(format.idle);
      const result = await coming;
      if (result.done === true) return;
      yield Buffer.from(format.message(write(result.value)));
    }
  } catch (error) {
    yield Buffer.from(format.error(Buffer.from(refuse(error).body).toString()));
  } finally {
    end();
  }
}
