import { randomBytes } from "node:crypto";
import type { Context, SpanContext } from "@opentelemetry/api";
import type { EnvReader } from "./env.ts";
import type { Logger } from "./logger.ts";

/** What is said of a span beside its name. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** What leads to a span, and what is known when it begins. */
export interface SpanOptions {
  /** Whether it serves a call, calls somebody, puts something into the log or takes it from there. */
  readonly kind: "server" | "client" | "producer" | "consumer";
  /** The traceparent of what led to it; empty = nothing did, and a trace begins. */
  readonly parent: string;
  /** The trace that begins where there is no parent: 32 hexadecimal digits. Default: random. */
  readonly traceId?: string;
  /** Its own id: 16 hexadecimal digits. Default: random. */
  readonly spanId?: string;
  /** The traceparents of more that led to it; empty ones are left out. */
  readonly links?: readonly string[];
  readonly attributes?: SpanAttributes;
}

/** Something that takes time, while it does. */
export interface Span {
  /** Names it to what follows from it (W3C Trace Context, version 00). */
  readonly traceparent: string;
  /** Ends it, once. `error` says what went wrong; undefined = nothing did. */
  end(attributes?: SpanAttributes, error?: string): void;
}

/** Spans of a process, on their way to whoever collects them. */
export interface Tracing {
  /** Begins a span. Nothing is taken from the surroundings: what led to it stands in the options. */
  start(name: string, options: SpanOptions): Span;
  /** Sends what has ended and is not sent yet, for at most 3 s. */
  close(): Promise<void>;
}

const closeTimeoutMs = 3_000;

/**
 * Starts tracing where the environment asks for it, by `OTEL_EXPORTER_OTLP_ENDPOINT` (or the one
 * for traces) or `OTEL_TRACES_EXPORTER`; everything else about it comes from `OTEL_*` as well.
 * Undefined where it does not: then nothing of OpenTelemetry is even loaded.
 */
export async function openTracing(
  { env, log }: { env: EnvReader; log: Logger },
  serviceName: string,
): Promise<Tracing | undefined> {
  if (!isAskedFor(env)) return undefined;
  const [api, { NodeSDK }] = await Promise.all([
    import("@opentelemetry/api"),
    import("@opentelemetry/sdk-node"),
  ]);
  const { context, diag, DiagLogLevel, propagation, ROOT_CONTEXT, SpanStatusCode, trace } = api;
  diag.setLogger(diagnostics(log), DiagLogLevel.WARN);
  const ids = givenIds();
  const sdk = new NodeSDK({
    serviceName: env.optionalText("OTEL_SERVICE_NAME") ?? serviceName,
    idGenerator: ids.generator,
    // Prometheus reads our metrics, and the log is standard output.
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  const tracer = trace.getTracer("posthorn");
  const kinds = {
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    producer: api.SpanKind.PRODUCER,
    consumer: api.SpanKind.CONSUMER,
  };
  return {
    start(name, { kind, parent, links = [], attributes = {}, ...given }) {
      const contexts = links.flatMap((link) => toSpanContext(link) ?? []);
      const options = {
        kind: kinds[kind],
        attributes,
        links: contexts.map((linked) => ({ context: linked })),
      };
      const span = ids.with(given, () => tracer.startSpan(name, options, parentOf(parent)));
      return {
        traceparent: toTraceparent(span.spanContext()),
        end(more = {}, error) {
          span.setAttributes(more);
          if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
          span.end();
        },
      };
    },
    async close() {
      const limit = AbortSignal.timeout(closeTimeoutMs);
      const over = new Promise<void>((resolve) => limit.addEventListener("abort", () => resolve()));
      const failed = (error: unknown) => log.warn({ err: error }, "traces could not be sent");
      await Promise.race([sdk.shutdown().catch(failed), over]);
      for (const part of [trace, context, propagation, diag]) part.disable();
    },
  };

  function parentOf(traceparent: string): Context {
    const parent = toSpanContext(traceparent);
    return parent
      ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true })
      : ROOT_CONTEXT;
  }
}

function isAskedFor(env: EnvReader): boolean {
  const exporter = env.optionalText("OTEL_TRACES_EXPORTER");
  if (exporter === "none" || env.optionalText("OTEL_SDK_DISABLED") === "true") return false;
  const endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
  return exporter !== undefined || endpoints.some((name) => env.optionalText(name) !== undefined);
}

function diagnostics(log: Logger) {
  const warn = (message: string) => log.warn({ tracing: message }, "tracing has a problem");
  const ignore = () => {};
  return { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
}

/** Ids for the one span that is begun within `with`, and random ones for all others. */
function givenIds() {
  let next: { traceId?: string; spanId?: string } = {};
  return {
    generator: {
      generateTraceId: () => next.traceId ?? randomBytes(16).toString("hex"),
      generateSpanId: () => next.spanId ?? randomBytes(8).toString("hex"),
    },
    with<T>(given: { traceId?: string; spanId?: string }, start: () => T): T {
      next = given;
      try {
        return start();
      } finally {
        next = {};
      }
    },
  };
}

const form = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Undefined for text that is no traceparent. */
function toSpanContext(traceparent: string): SpanContext | undefined {
  const [, traceId, spanId, flags] = form.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1 };
}

function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & 1}`;
}
