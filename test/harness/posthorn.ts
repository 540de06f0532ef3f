import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@posthorn/testkit";
import { type Child, startChild } from "./child.ts";

/** An answer of the REST API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  readonly body: any;
}

/** A running Posthorn, reached from outside. */
export interface Posthorn {
  /** REST, Connect and gRPC-Web. */
  readonly url: string;
  /** gRPC over h2c. */
  readonly grpcUrl: string;
  readonly operatorKey: string;
  readonly adminKey: string;
  readonly processes: readonly Child[];
  /** Calls the REST API with the operator key, or another. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  /** Ends it as SIGTERM does, and removes its data. */
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Settings under which a receiver on loopback may be sent to. */
export const loopbackAllowed = { POSTHORN_EGRESS_ALLOW: "127.0.0.1/32", POSTHORN_ALLOW_HTTP: "1" };

/** Starts all services in one process, as `npm start` does, without the demo. */
export async function oneProcess(
  options: {
    readonly dataDir?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** Of an earlier start on the same data. */
    readonly operatorKey?: string;
  } = {},
): Promise<Posthorn & { readonly dataDir: string; readonly process: Child }> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "posthorn-test-"));
  chmodSync(dataDir, 0o755); // so that the database's files can lie in it when root runs the tests
  const [port, grpcPort] = [await freePort(), await freePort()];
  const child = startChild({
    script: "services/up/src/main.ts",
    args: ["--no-demo"],
    env: {
      POSTHORN_PORT: String(port),
      POSTHORN_GRPC_PORT: String(grpcPort),
      POSTHORN_DATA_DIR: dataDir,
      ...loopbackAllowed,
      ...options.env,
    },
  });
  const url = `http://127.0.0.1:${port}`;
  await isReady(url, child);
  const adminKey = readFileSync(join(dataDir, "admin-key"), "utf8").trim();
  const operatorKey = options.operatorKey ?? (await applyDemo(url, adminKey));
  return {
    ...client({ url, operatorKey }),
    adminKey,
    grpcUrl: `http://127.0.0.1:${grpcPort}`,
    dataDir,
    process: child,
    processes: [child],
    async stop() {
      await child.end();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Waits until `/readyz` answers 200; throws with the output when the process ends before. */
export async function isReady(url: string, child: Child, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const status = await fetch(`${url}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (Date.now() > deadlineMs || !child.isRunning()) {
      throw new Error(`${url} did not get ready (last answer ${status}):\n${child.output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A client of the REST API. */
export function client({ url, operatorKey }: { url: string; operatorKey: string }) {
  return {
    url,
    operatorKey,
    async call(
      method: string,
      path: string,
      body?: unknown,
      options: CallOptions = {},
    ): Promise<Answer> {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${options.key ?? operatorKey}`,
          ...(body !== undefined && { "content-type": "application/json" }),
          ...options.headers,
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, text, body: parse(text) };
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Applies the demo provider and gives its first operator key. */
export async function applyDemo(url: string, adminKey: string): Promise<string> {
  const file = new URL("../../deploy/providers/demo.yaml", import.meta.url);
  const answer = await client({ url, operatorKey: adminKey }).call(
    "POST",
    "/v1/providers:apply",
    readFileSync(file, "utf8"),
    { headers: { "content-type": "application/yaml" } },
  );
  if (answer.status !== 200) throw new Error(`applying demo.yaml answered ${answer.text}`);
  return answer.body.operatorKey;
}
