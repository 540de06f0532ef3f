import type { Transport } from "@connectrpc/connect";
import type { RequestStream } from "./request-stream.ts";
import type { StreamingMethod } from "./route.ts";
import { settlesWithin } from "./settles-within.ts";

/** A call whose answers come one after the other. */
export interface OpenStream {
  /** The next answer; rejects with what broke the stream. */
  next(): Promise<IteratorResult<unknown>>;
  /** Ends the call, whether or not an answer is awaited. */
  end(): void;
}

/** The call to open. */
export interface StreamCall {
  readonly transport: Transport;
  readonly method: StreamingMethod;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
  readonly header: Readonly<Record<string, string>>;
  readonly requests: RequestStream;
}

/**
 * How long the first answer, or a refusal, is waited for before the HTTP answer begins with 200:
 * within it a refusal still gets a status of its own.
 */
const openMs = 250;

/** Opens a stream. Throws a refusal that comes soon enough; a later one comes from `next`. */
export async function openStream(call: StreamCall): Promise<OpenStream> {
  const ended = new AbortController();
  const { transport, method, header, requests } = call;
  const signal = AbortSignal.any([call.signal, ended.signal]);
  const opened = transport.stream(method, signal, undefined, header, requests.messages);
  const messages = messagesOf(opened, requests);
  let first: Promise<IteratorResult<unknown>> | undefined = messages.next();
  if (await settlesWithin(first, openMs)) await first;
  return {
    next() {
      const next = first ?? messages.next();
      first = undefined;
      return next;
    },
    end: () => ended.abort(),
  };
}

/** The messages of a stream that may not have been opened yet. */
async function* messagesOf<T>(
  opened: Promise<{ message: AsyncIterable<T> }>,
  requests: RequestStream,
): AsyncGenerator<T> {
  try {
    yield* (await opened).message;
  } catch (error) {
    throw requests.causeOf(error);
  }
}
