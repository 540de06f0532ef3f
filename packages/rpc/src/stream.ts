import { ignoreRejection, untilAborted } from "./abort.ts";

/** Gives the messages with each one passed through `check` before it goes on. */
export async function* checkEach<T>(
  messages: AsyncIterable<T>,
  check: (message: T) => void | Promise<void>,
): AsyncIterable<T> {
  for await (const message of messages) {
    const checked = check(message);
    if (checked !== undefined) await checked;
    yield message;
  }
}

/** Gives the messages; what is thrown between them goes through `translate`. */
export async function* translateErrors<T>(
  messages: AsyncIterable<T>,
  translate: (error: unknown) => unknown,
): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw translate(error);
  }
}

/** Gives the messages and tells once how they ended: with an error, or undefined. */
export async function* tellEnd<T>(
  messages: AsyncIterable<T>,
  end: (error: unknown) => void,
): AsyncIterable<T> {
  let failure: unknown;
  try {
    yield* messages;
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    end(failure);
  }
}

/** Gives the messages until the signal aborts, whether or not their source listens to it. */
export async function* abortable<T>(
  messages: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncIterable<T> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const result = await untilAborted(signal, iterator.next());
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    // A source that hangs hears of it when it goes on; nobody waits for that.
    ignoreRejection(iterator.return?.());
  }
}
