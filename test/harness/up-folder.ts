import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Child, startChild } from "./child.ts";

/** A data folder of `npm start`, in the temporary folder. */
export interface UpFolder {
  readonly path: string;
  /** Starts all services in one process on it, on free ports. */
  start(options?: StartOptions): Child;
  /** Ends what still runs on it, and removes it. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StartOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Gives a new data folder, which the user that Postgres runs as may pass through. */
export function upFolder(): UpFolder {
  const path = mkdtempSync(join(tmpdir(), "posthorn-up-"));
  chmodSync(path, 0o755);
  const started: Child[] = [];
  return {
    path,
    start({ args = [], env = {} } = {}) {
      const own = { POSTHORN_PORT: "0", POSTHORN_GRPC_PORT: "0", POSTHORN_DATA_DIR: path };
      const script = "services/up/src/main.ts";
      const child = startChild({ script, args, env: { ...own, ...env } });
      started.push(child);
      return child;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((child) => child.end()));
      rmSync(path, { recursive: true, force: true });
    },
  };
}
