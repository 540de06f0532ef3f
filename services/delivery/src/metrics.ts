import type { Metrics } from "@posthorn/runtime";
import type { BreakerState } from "./domain/breaker.ts";
import type { Outcome } from "./domain/delivery.ts";

/** What is counted while events become deliveries and deliveries are sent. */
export interface DeliveryMetrics {
  /** Counts what one step of fan-out stored. */
  onFanOut(stored: { events: number; deliveries: number; parked: number }): void;
  /** Notes how long the oldest notice has waited; undefined: there is none. */
  onNotices(ageMs: number | undefined): void;
  /** Counts deliveries that ended because their event's body had to go. */
  onExpired(count: number): void;
  /** Counts a turn of the retention that failed. */
  onRetentionFailure(): void;
  /** Counts a notice that was parked. */
  onParkedNotice(): void;
  /** Counts one attempt. */
  onAttempt(attempt: { outcome: Outcome; durationMs: number }): void;
  /** Counts a delivery that an attempt, or our own defect, ended. */
  onEnded(state: "SUCCEEDED" | "EXHAUSTED" | "CANCELED"): void;
}

/** What is looked up when the metrics are read. */
export interface DeliveryGauges {
  /** POSTs under way, by class. */
  usedByClass(): readonly number[];
  /** How long the oldest delivery of each class has waited for nothing but us; undefined: none. */
  oldestDueMs(): readonly (number | undefined)[];
  queuedCount(): number;
  breakerCount(state: BreakerState): number;
  /** Records of the log that nobody has fanned out yet, of all partitions. */
  lag(): Promise<bigint>;
  readonly slotCount: number;
  sendingCount(): number;
  unwrittenCount(): number;
  ownedCount(): number;
}

const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30];

/** Registers the delivery service's metrics; docs/operations.md lists them. */
export function deliveryMetrics(metrics: Metrics): DeliveryMetrics {
  const name = (text: string) => `posthorn_delivery_${text}`;
  const events = metrics.counter({ name: name("events_total"), help: "Events fanned out." });
  const made = metrics.counter({
    name: name("deliveries_total"),
    help: "Deliveries made by events.",
  });
  const parked = metrics.counter({
    name: name("parked_records_total"),
    help: "Records of the log that could not be read and were parked.",
  });
  const noticeAge = metrics.gauge({
    name: name("notice_age_seconds"),
    help: "How long the oldest notice waits to be told: to disable a webhook, or an outcome.",
  });
  const expired = metrics.counter({
    name: name("expired_deliveries_total"),
    help: "Deliveries that still waited when their event's body had to go.",
  });
  const retentionFailures = metrics.counter({
    name: name("retention_failures_total"),
    help: "Times that what is old could not be dropped.",
  });
  const parkedNotices = metrics.counter({
    name: name("parked_notices_total"),
    help: "Notices that could not be acted on and were parked.",
  });
  const attempts = metrics.counter({
    name: name("attempts_total"),
    help: "Attempts by what came of them.",
    labelNames: ["outcome"],
  });
  const ended = metrics.counter({
    name: name("deliveries_ended_total"),
    help: "Deliveries that attempts ended, by the state that they ended in.",
    labelNames: ["state"],
  });
  const duration = metrics.histogram({
    name: name("attempt_duration_seconds"),
    help: "How long attempts took.",
    buckets: secondsBuckets,
  });
  return {
    onFanOut(stored) {
      events.inc(stored.events);
      made.inc(stored.deliveries);
      parked.inc(stored.parked);
    },
    onNotices: (ageMs = 0) => noticeAge.set(ageMs / 1000),
    onExpired: (count) => expired.inc(count),
    onRetentionFailure: () => retentionFailures.inc(),
    onParkedNotice: () => parkedNotices.inc(),
    onAttempt({ outcome, durationMs }) {
      attempts.inc({ outcome });
      duration.observe(durationMs / 1000);
    },
    onEnded: (state) => ended.inc({ state }),
  };
}

/** The classes of deliveries as labels, in their order. */
const classNames = ["first", "retry", "replay"] as const;

/** Registers what is looked up at each reading. */
export function deliveryGauges(metrics: Metrics, gauges: DeliveryGauges): void {
  const name = (text: string) => `posthorn_delivery_${text}`;
  const gauge = (text: string, help: string, read: () => number) =>
    metrics.gauge({ name: name(text), help, collect: (g) => g.set(read()) });
  gauge("sending", "POSTs under way.", gauges.sendingCount);
  gauge("unwritten_results", "Results that wait to be written.", gauges.unwrittenCount);
  gauge("owned_partitions", "Partitions that this process owns.", gauges.ownedCount);
  gauge("slots", "POSTs that this process may have under way at once.", () => gauges.slotCount);
  metrics.gauge({
    name: name("lag_records"),
    help: "Accepted events that are not fanned out yet, of all partitions.",
    collect: async (g) => g.set(await gauges.lag().then(Number, unknown)),
  });
  gauge("queued", "Deliveries that wait in memory.", gauges.queuedCount);
  const perClass = (text: string, help: string, read: () => readonly (number | undefined)[]) =>
    metrics.gauge({
      name: name(text),
      help,
      labelNames: ["class"],
      collect(g) {
        const values = read();
        for (const [index, of] of classNames.entries()) g.set({ class: of }, values[index] ?? 0);
      },
    });
  perClass("used_slots", "POSTs under way, by class.", gauges.usedByClass);
  perClass(
    "oldest_due_seconds",
    "How long the oldest due delivery has waited for nothing but this process; 0 for none.",
    () => gauges.oldestDueMs().map((ms = 0) => ms / 1000),
  );
  metrics.gauge({
    name: name("breakers"),
    help: "Webhooks whose breaker is not closed, by its state.",
    labelNames: ["state"],
    collect(g) {
      g.set({ state: "open" }, gauges.breakerCount("OPEN"));
      g.set({ state: "half_open" }, gauges.breakerCount("HALF_OPEN"));
    },
  });
}

/** All other metrics are wanted most when Postgres or the log cannot be asked. */
const unknown = () => Number.NaN;
