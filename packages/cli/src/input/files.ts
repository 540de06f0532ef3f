import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Environment } from "../environment.ts";
import { type Failure, misuse } from "../failure.ts";

/** What is read as a whole may be this long. */
const bytesMax = 64 * 1024 * 1024;

/** Reads a file whole; `-` is standard input. Throws Failure. */
export async function readWhole(environment: Environment, path: string): Promise<Buffer> {
  if (path !== "-") {
    return await reading(path, async () => {
      const absolute = resolve(environment.workingDir, path);
      const { size } = await stat(absolute);
      if (size > bytesMax) throw misuse(`${path} is larger than ${bytesMax / 1024 / 1024} MiB`);
      return await readFile(absolute);
    });
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of environment.stdin) {
    size += chunk.length;
    if (size > bytesMax) throw misuse("standard input is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads a file of one line, such as a key or a secret; `-` is standard input. Throws Failure. */
export async function readSecret(environment: Environment, path: string): Promise<string> {
  const text = (await readWhole(environment, path)).toString().trim();
  if (text !== "" && !/\s/.test(text)) return text;
  throw misuse(`${shown(path)} must hold one line without spaces in it`);
}

/** Gives the bytes of a file as they are read; `-` is standard input. Throws Failure. */
export async function* readPieces(
  environment: Environment,
  path: string,
): AsyncGenerator<Uint8Array> {
  if (path === "-") {
    yield* environment.stdin;
    return;
  }
  try {
    yield* createReadStream(resolve(environment.workingDir, path));
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** What a path is called in messages. */
export function shown(path: string): string {
  return path === "-" ? "standard input" : path;
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): unknown {
  if (!(error instanceof Error && "code" in error)) return error;
  return failure(path, String(error.code), error);
}

function failure(path: string, code: string, cause: unknown): Failure {
  switch (code) {
    case "ENOENT":
      return misuse(`there is no file ${path}`, cause);
    case "EACCES":
    case "EPERM":
      return misuse(`${path}: no permission to read it`, cause);
    case "EISDIR":
      return misuse(`${path} is a folder`, cause);
    default:
      return misuse(`${path} cannot be read (${code})`, cause);
  }
}
