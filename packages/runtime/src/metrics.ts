import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What a metric is called. Names end in their unit: `_seconds`, `_bytes`, `_total`. */
export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
}

/** A gauge that may look its value up when it is read. */
export interface GaugeOptions<Label extends string> extends MetricOptions<Label> {
  /** Called at each reading of the registry; sets the gauge. */
  readonly collect?: (gauge: Gauge<Label>) => void | Promise<void>;
}

/** How a histogram divides what it sees; in the metric's unit, ascending. */
export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  readonly buckets?: readonly number[];
}

/**
 * The metrics of a process. Asking again for a name gives the metric that is there, so that
 * several services in one process share it; a name of another kind is a defect.
 */
export interface Metrics {
  readonly registry: Registry;
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: GaugeOptions<Label>): Gauge<Label>;
  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label>;
}

/** Makes a registry of its own; with `processMetrics` it also tells of memory, CPU and event loop. */
export function metrics({ processMetrics = false }: { processMetrics?: boolean } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  if (processMetrics) collectDefaultMetrics({ register: registry });
  return {
    registry,
    counter<Label extends string = never>(options: MetricOptions<Label>) {
      const known = registry.getSingleMetric<Label>(options.name);
      if (known === undefined) return new Counter<Label>({ ...naming(options), registers });
      if (known instanceof Counter) return known;
      throw new Error(`metric ${options.name} is no counter`);
    },
    gauge<Label extends string = never>({ collect, ...options }: GaugeOptions<Label>) {
      const known = registry.getSingleMetric<Label>(options.name);
      if (known instanceof Gauge) return known;
      if (known !== undefined) throw new Error(`metric ${options.name} is no gauge`);
      const reading = collect && { collect: () => collect(gauge) };
      const gauge: Gauge<Label> = new Gauge<Label>({ ...naming(options), registers, ...reading });
      return gauge;
    },
    histogram<Label extends string = never>({ buckets, ...options }: HistogramOptions<Label>) {
      const known = registry.getSingleMetric<Label>(options.name);
      if (known instanceof Histogram) return known;
      if (known !== undefined) throw new Error(`metric ${options.name} is no histogram`);
      const division = buckets && { buckets: [...buckets] };
      return new Histogram<Label>({ ...naming(options), registers, ...division });
    },
  };
}

function naming<Label extends string>({ name, help, labelNames = [] }: MetricOptions<Label>) {
  return { name, help, labelNames };
}
