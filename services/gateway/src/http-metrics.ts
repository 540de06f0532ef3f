import type { IncomingMessage, ServerResponse } from "node:http";
import { type RestAnswer, requestIdHeader } from "@posthorn/rest";
import type { Logger, Metrics } from "@posthorn/runtime";

/** Counts requests by the template of their path, so that ids make no labels. */
export interface HttpMetrics {
  /** Begins to time a request; its answer ends it. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** Notes what answers; without it, the request counts as of an unknown route. */
  note(response: ServerResponse, answer: Answering): void;
}

type Answering = Pick<RestAnswer, "route" | "headers">;

/** Makes the metrics of the gateway's HTTP side; each request is also logged, as debug. */
export function httpMetrics({ metrics, log }: { metrics: Metrics; log: Logger }): HttpMetrics {
  const answers = new WeakMap<ServerResponse, Answering>();
  const duration = metrics.histogram({
    name: "posthorn_http_request_duration_seconds",
    help: "How long HTTP requests to the gateway took, from their head to the end of the answer.",
    labelNames: ["method", "route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  });
  return {
    begin(request, response) {
      const startedAtMs = performance.now();
      response.once("close", () => {
        const answer = answers.get(response);
        const route = answer?.route ?? "unknown";
        const { statusCode } = response;
        const durationMs = performance.now() - startedAtMs;
        const labels = { method: methodOf(request), route, status: String(statusCode) };
        duration.observe(labels, durationMs / 1_000);
        if (!log.isLevelEnabled("debug")) return;
        const requestId = answer?.headers[requestIdHeader] ?? response.getHeader(requestIdHeader);
        // The template and never the URL, which may hold what no log should.
        log.debug({ requestId, method: request.method, route, statusCode, durationMs }, "request");
      });
    },
    note: (response, answer) => answers.set(response, answer),
  };
}

/** Callers may send any method, which must not become labels without end. */
function methodOf({ method = "" }: IncomingMessage): string {
  return ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].includes(method) ? method : "other";
}
