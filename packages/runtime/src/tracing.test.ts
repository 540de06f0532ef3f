import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { envReader } from "./env.ts";
import { logger } from "./logger.ts";
import { openTracing, type Tracing } from "./tracing.ts";

interface Exported {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code: number; readonly message?: string };
}

const log = logger({ name: "test", level: "silent" });
const open = (env: Readonly<Record<string, string>>) =>
  openTracing({ env: envReader(env), log }, "posthorn-test");

afterEach(() => vi.unstubAllEnvs());

/** Tracing to a collector of OTLP over HTTP, in JSON; `ended` closes it and gives what came. */
async function setup() {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString());
    response.setHeader("content-type", "application/json").end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  };
  // The library reads its settings from the process itself.
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const tracing = (await open(env)) as Tracing;
  return {
    tracing,
    async ended(): Promise<readonly Exported[]> {
      await tracing.close();
      server.close();
      server.closeAllConnections();
      return bodies.flatMap((body) =>
        JSON.parse(body).resourceSpans.flatMap(
          (resource: { scopeSpans: { spans: Exported[] }[] }) =>
            resource.scopeSpans.flatMap(({ spans }) => spans),
        ),
      );
    },
  };
}

const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

describe("tracing", () => {
  test.each([
    ["nothing is said of it", {}],
    ["other settings of it are there", { OTEL_SERVICE_NAME: "x" }],
    ["the exporter is none", { OTEL_TRACES_EXPORTER: "none", OTEL_EXPORTER_OTLP_ENDPOINT: "x" }],
    ["it is disabled", { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "x" }],
  ])("is off when %s", async (_, env) => {
    expect(await open(env)).toBeUndefined();
  });

  test("sends what has ended before it closes, in the trace of what led to it", async () => {
    const { tracing, ended } = await setup();
    const outer = tracing.start("outer", { kind: "server", parent, attributes: { a: 1 } });
    const inner = tracing.start("inner", { kind: "client", parent: outer.traceparent });
    inner.end({ b: true }, "it broke");
    outer.end();
    const [first, second] = await ended();
    expect(second).toMatchObject({ name: "outer", parentSpanId: "b7ad6b7169203331", kind: 2 });
    expect(second?.attributes).toEqual([{ key: "a", value: { intValue: 1 } }]);
    expect(first).toMatchObject({ name: "inner", parentSpanId: second?.spanId, kind: 3 });
    expect(first?.status).toEqual({ code: 2, message: "it broke" });
    const traceIds = [first?.traceId, second?.traceId];
    expect(traceIds).toEqual([
      "0af7651916cd43dd8448eb211c80319c",
      "0af7651916cd43dd8448eb211c80319c",
    ]);
  });

  test("gives a span the ids that were chosen for it, and the next one others", async () => {
    const { tracing, ended } = await setup();
    const ids = { traceId: "1".repeat(32), spanId: "2".repeat(16) };
    const chosen = tracing.start("chosen", { kind: "client", parent: "", ...ids });
    expect(chosen.traceparent).toBe(`00-${ids.traceId}-${ids.spanId}-01`);
    chosen.end();
    tracing.start("next", { kind: "client", parent: "", links: [parent, "", "x"] }).end();
    const [, next] = await ended();
    expect(next?.traceId).not.toBe(ids.traceId);
    expect(next?.spanId).not.toBe(ids.spanId);
    expect(next?.parentSpanId ?? "").toBe("");
    expect(next?.links).toMatchObject([{ spanId: "b7ad6b7169203331" }]);
  });

  test("keeps the decision of a caller who does not sample", async () => {
    const { tracing, ended } = await setup();
    const unsampled = parent.replace(/01$/, "00");
    const span = tracing.start("quiet", { kind: "server", parent: unsampled });
    expect(span.traceparent).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00$/);
    span.end();
    expect(await ended()).toEqual([]);
  });

  test("ends although nobody collects", async () => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1");
    const tracing = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" });
    tracing?.start("lost", { kind: "server", parent: "" }).end();
    await expect(tracing?.close()).resolves.toBeUndefined();
  });
});
