import { ingestion, PosthornError, readJson, readJsonList } from "@posthorn/client";
import type { Environment } from "../environment.ts";
import { misuse } from "../failure.ts";
import { readPieces, shown } from "../input/files.ts";

/** An event of a file, and where it stands there. */
export interface SourcedEvent {
  readonly event: ingestion.Event;
  /** Its line from 1 on, or of an array its place. */
  readonly number: number;
  /** How long its text is. */
  readonly bytes: number;
}

/** A document that is no line of its own may be this long. */
const documentBytesMax = 64 * 1024 * 1024;
const lineBytesMax = 2 * 1024 * 1024;

/**
 * Reads events: a line each (NDJSON, blank lines are passed over), an array of them, or one that
 * spans lines. Data is kept byte by byte. Throws Failure, naming the line.
 */
export async function* readEvents(
  environment: Environment,
  path: string,
): AsyncGenerator<SourcedEvent> {
  const lines = readLines(environment, path);
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const isFirst = line.trimStart();
    if (isFirst.startsWith("["))
      return yield* readArray(path, await rest(path, number, line, lines));
    const event = readLine(line);
    if (event instanceof PosthornError) {
      if (!isUnfinished(event)) throw misuse(`${shown(path)}, line ${number}: ${event.message}`);
      return yield* readDocument(path, number, await rest(path, number, line, lines));
    }
    yield { event, number, bytes: Buffer.byteLength(line) };
    yield* readFurther(path, number, lines);
    return;
  }
}

/** The first line was an event of its own, and so is every other. */
async function* readFurther(
  path: string,
  before: number,
  lines: AsyncGenerator<string>,
): AsyncGenerator<SourcedEvent> {
  let number = before;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const event = readLine(line);
    if (event instanceof PosthornError) {
      throw misuse(`${shown(path)}, line ${number}: ${event.message}`);
    }
    yield { event, number, bytes: Buffer.byteLength(line) };
  }
}

function readLine(line: string): ingestion.Event | PosthornError {
  try {
    return readJson(ingestion.EventSchema, line);
  } catch (error) {
    if (error instanceof PosthornError) return error;
    throw error;
  }
}

function isUnfinished({ message }: PosthornError): boolean {
  return message.startsWith("the text ends too early");
}

function* readArray(path: string, text: string): Generator<SourcedEvent> {
  const events = told(path, () => readJsonList(ingestion.EventSchema, text));
  const bytes = Math.ceil(Buffer.byteLength(text) / Math.max(events.length, 1));
  for (const [index, event] of events.entries()) {
    const own = event.data.length + event.previousData.length + event.previousAttributes.length;
    yield { event, number: index + 1, bytes: Math.max(bytes, own) };
  }
}

function* readDocument(path: string, number: number, text: string): Generator<SourcedEvent> {
  const event = told(path, () => readJson(ingestion.EventSchema, text));
  yield { event, number, bytes: Buffer.byteLength(text) };
}

function told<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof PosthornError) throw misuse(`${shown(path)}: ${error.message}`);
    throw error;
  }
}

/** Gives all of a document: blank lines before it, the line that it begins with, and what follows. */
async function rest(
  path: string,
  number: number,
  line: string,
  lines: AsyncGenerator<string>,
): Promise<string> {
  const parts = ["\n".repeat(number - 1) + line];
  let bytes = 0;
  for await (const next of lines) {
    bytes += next.length + 1;
    if (bytes > documentBytesMax) throw misuse(`${shown(path)} is too long: write an event a line`);
    parts.push(next);
  }
  return parts.join("\n");
}

/** Gives the lines of a file as they are read. Throws Failure for one that is no UTF-8 or too long. */
async function* readLines(environment: Environment, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let open: Buffer[] = [];
  let openBytes = 0;
  let number = 1;
  const close = () => {
    const line = Buffer.concat(open);
    open = [];
    openBytes = 0;
    try {
      return decoder.decode(line);
    } catch (cause) {
      throw misuse(`${shown(path)}, line ${number}: it is not UTF-8`, cause);
    }
  };
  for await (const piece of readPieces(environment, path)) {
    let from = 0;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
      open.push(Buffer.from(piece.subarray(from, at)));
      yield close();
      number += 1;
      from = at + 1;
    }
    const left = piece.subarray(from);
    openBytes += left.length;
    if (openBytes > lineBytesMax) {
      throw misuse(
        `${shown(path)}, line ${number}: it is longer than ${lineBytesMax / 1024 / 1024} MiB`,
      );
    }
    open.push(Buffer.from(left));
  }
  if (openBytes > 0) yield close();
}
