import type { Metrics } from "@posthorn/runtime";
import type { FastifyInstance } from "fastify";

/** What the instance tells of itself without a key. */
export interface ProbeOptions {
  readonly metrics: Metrics;
  readonly outgoingIps: readonly string[];
  isReady(): boolean;
}

/** Serves `/livez`, `/readyz`, `/metrics` and `/v1/outgoing-ips`. */
export function addProbes(app: FastifyInstance, options: ProbeOptions): void {
  const { registry } = options.metrics;
  app.addHook("onSend", async (_, reply) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    reply.header("x-content-type-options", "nosniff");
  });
  app.get("/livez", async () => "ok\n");
  app.get("/readyz", async (_, reply) => {
    if (options.isReady()) return "ok\n";
    return await reply.code(503).send("not ready\n");
  });
  app.get("/metrics", async (_, reply) => {
    return await reply.type(registry.contentType).send(await registry.metrics());
  });
  app.get("/v1/outgoing-ips", async () => ({ ips: options.outgoingIps }));
}
