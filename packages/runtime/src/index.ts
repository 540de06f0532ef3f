export { type Clock, systemClock, toMonotonicMs, toTimeOfDay } from "./clock.ts";
export { ConfigError, type Env, type EnvReader, envReader } from "./env.ts";
export { heavyTurn } from "./heavy-turn.ts";
export {
  dayOf,
  type IdPrefix,
  idTimeMs,
  idToUuid,
  newId,
  newUuid,
  uuidToId,
} from "./id.ts";
export { type Logger, type LoggerOptions, logger } from "./logger.ts";
export {
  type GaugeOptions,
  type HistogramOptions,
  type MetricOptions,
  type Metrics,
  metrics,
} from "./metrics.ts";
export { type Part, untilStopped } from "./part.ts";
export { type RetryingOptions, retrying } from "./retrying.ts";
export { type RunPartsOptions, runParts } from "./run-parts.ts";
export { type ProcessContext, type ProcessOptions, runProcess } from "./run-process.ts";
export {
  openTracing,
  type Span,
  type SpanAttributes,
  type SpanOptions,
  type Tracing,
} from "./tracing.ts";
export { type Wakeup, wakeup } from "./wakeup.ts";
