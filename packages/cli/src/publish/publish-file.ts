import { setTimeout as sleep } from "node:timers/promises";
import { type ingestion, PosthornError } from "@posthorn/client";
import cliProgress from "cli-progress";
import { exitCodes, Failure, misuse } from "../failure.ts";
import { exitCodeOf, wordsOf } from "../failure-words.ts";
import { shown } from "../input/files.ts";
import type { Session } from "../session.ts";
import { batches } from "./batches.ts";
import { readEvents, type SourcedEvent } from "./event-source.ts";

/** Where an earlier run stopped: its name, and the line, or place in the array, to go on with. */
export interface Resume {
  readonly run: string;
  readonly from: number;
}

/** What was published. */
export interface Published {
  readonly eventCount: number;
  readonly batchCount: number;
}

const triesMax = 5;
const retryMs = 500;
const retryMsMax = 10_000;

/** Reads `RUN:LINE`, as a message of an earlier run has it. Throws Failure. */
export function readResume(text: string): Resume {
  const [, run = "", from = ""] = /^([0-9a-f]{8}):([1-9]\d{0,9})$/.exec(text) ?? [];
  if (run !== "") return { run, from: Number(from) };
  throw misuse(
    `--resume: ${JSON.stringify(text)} must be as the earlier run said, such as 3fa90c1d:201`,
  );
}

/**
 * Publishes the events of a file, batch by batch, in their order. A file is read through before
 * anything is published, so that what is wrong in it leaves nothing half done; standard input is
 * read only once. Every event gets an idempotency key of the run and its line, unless it has one:
 * going on after a failure publishes none twice. Throws Failure that says how to go on.
 */
export async function publishFile(
  session: Session,
  path: string,
  { run, from, onPublished }: Resume & { onPublished(events: readonly ingestion.Event[]): void },
): Promise<Published> {
  const { environment, out, stop } = session;
  const total = path === "-" ? undefined : await checked(session, path);
  const workspace = await session.workspace();
  const { publish } = session.client();
  const bar = total !== undefined && out.isInteractive ? progress(session, total) : undefined;
  const done = { eventCount: 0, batchCount: 0, last: from - 1 };
  const where = { path, run, server: session.server };
  try {
    for await (const batch of batches(after(readEvents(environment, path), from - 1))) {
      if (stop.aborted) throw stopped(where, done);
      const events = batch.map(({ event, number }) => withKey(event, run, number));
      const answer = await tried(() => publish.batchPublishEvents({ workspace, events }), {
        stop,
        hasBegun: done.batchCount > 0,
      }).catch((error: unknown) => Promise.reject(refused(error, batch, where, done)));
      onPublished(answer.events);
      done.eventCount += batch.length;
      done.batchCount += 1;
      done.last = batch.at(-1)?.number ?? done.last;
      bar?.update(done.eventCount);
    }
  } catch (error) {
    // A line of standard input that cannot be read, after others were published.
    const isOfInput = error instanceof Failure && error.exitCode === exitCodes.usage;
    throw isOfInput ? halfway(error.message, where, done) : error;
  } finally {
    bar?.stop();
  }
  return done;
}

interface Where {
  readonly path: string;
  readonly run: string;
  readonly server: string;
}

interface Done extends Published {
  /** The last line that is published; what lies before the first, where none is. */
  readonly last: number;
}

/** Reads a file through; gives how many events it has. Throws Failure. */
async function checked({ environment }: Session, path: string): Promise<number> {
  let count = 0;
  try {
    for await (const _ of readEvents(environment, path)) count += 1;
  } catch (error) {
    if (error instanceof Failure) throw misuse(`${error.message}. Nothing is published`, error);
    throw error;
  }
  if (count === 0) throw misuse(`${path} holds no event`);
  return count;
}

async function* after(
  events: AsyncIterable<SourcedEvent>,
  last: number,
): AsyncGenerator<SourcedEvent> {
  for await (const event of events) if (event.number > last) yield event;
}

function withKey(event: ingestion.Event, run: string, number: number): ingestion.Event {
  const idempotencyKey = event.idempotencyKey || `cli-${run}-${number}`;
  return { ...event, idempotencyKey };
}

/** Tries again what may succeed later; who was never there is not waited for. */
async function tried<T>(
  call: () => Promise<T>,
  { stop, hasBegun }: { stop: AbortSignal; hasBegun: boolean },
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const mayHelp =
        error instanceof PosthornError &&
        error.isRetryable &&
        (hasBegun || error.reason !== "unreachable");
      if (!mayHelp || tries === triesMax || stop.aborted) throw error;
      const waitMs = Math.max(error.retryAfterMs ?? 0, retryMs * 2 ** (tries - 1));
      await sleep(Math.min(waitMs, retryMsMax), undefined, { signal: stop }).catch(() => {}); // Seen above.
    }
  }
}

function refused(
  error: unknown,
  batch: readonly SourcedEvent[],
  where: Where,
  done: Done,
): unknown {
  if (!(error instanceof PosthornError)) return error;
  const [field] = error.fields;
  const index = Number(/^events\[(\d+)\]/.exec(field?.field ?? error.message)?.[1] ?? Number.NaN);
  const number = batch[index]?.number;
  const words = wordsOf(error, where.server).replaceAll(/events\[\d+\]\.?/g, "");
  const message = number === undefined ? words : `${shown(where.path)}, line ${number}: ${words}`;
  if (done.batchCount > 0) return halfway(message, where, done);
  const isSure =
    !error.isRetryable ||
    error.message === "the connection is refused" ||
    error.reason === "limited";
  const rest = isSure
    ? "Nothing is published."
    : `Whether anything is published is not sure: --resume ${where.run}:${done.last + 1} publishes nothing twice.`;
  return new Failure(exitCodeOf(error), `${message} ${rest}`, {
    reason: error.reason,
    cause: error,
  });
}

function halfway(message: string, where: Where, done: Done): Failure {
  if (done.batchCount === 0) return misuse(`${message.replace(/[.]$/, "")}. Nothing is published`);
  return new Failure(exitCodes.halfway, `${message.replace(/[.]$/, "")}. ${soFar(where, done)}`);
}

function stopped(where: Where, done: Done): Failure {
  return new Failure(exitCodes.interrupted, `Stopped. ${soFar(where, done)}`);
}

function soFar({ run }: Where, { eventCount, last }: Done): string {
  return `${eventCount} events are published, up to line ${last}: go on with --resume ${run}:${last + 1}`;
}

function progress({ environment }: Session, total: number) {
  const bar = new cliProgress.SingleBar({
    format: "{bar} {value} of {total} events, {eta} s left",
    stream: environment.stderr,
    clearOnComplete: true,
    hideCursor: true,
  });
  bar.start(total, 0);
  return bar;
}
