import type { Metrics } from "@posthorn/runtime";
import { answer, answerError, type NodeRequest, type NodeResponse } from "./node-http.ts";

/** What the probes tell of. */
export interface ProbeOptions {
  isReady(): boolean;
  readonly metrics: Metrics | undefined;
}

interface Probe {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers `/livez`, `/readyz` and `/metrics`, and all else with 404. */
export async function answerProbe(
  request: NodeRequest,
  response: NodeResponse,
  options: ProbeOptions,
): Promise<void> {
  const probe = await probeOf(request.url?.split("?", 1)[0] ?? "", options);
  if (probe === undefined) {
    return answerError(response, 404, { code: "unimplemented", message: "there is no such path" });
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    const message = "only GET and HEAD work here";
    return answerError(response, 405, { code: "unimplemented", message });
  }
  response.setHeader("cache-control", "no-store");
  answer(response, probe.status, probe);
}

async function probeOf(path: string, options: ProbeOptions): Promise<Probe | undefined> {
  const contentType = "text/plain; charset=utf-8";
  switch (path) {
    case "/livez":
      return { status: 200, contentType, body: "ok\n" };
    case "/readyz":
      if (options.isReady()) return { status: 200, contentType, body: "ok\n" };
      return { status: 503, contentType, body: "not ready\n" };
    case "/metrics": {
      const registry = options.metrics?.registry;
      if (registry === undefined) return undefined;
      return { status: 200, contentType: registry.contentType, body: await registry.metrics() };
    }
    default:
      return undefined;
  }
}
