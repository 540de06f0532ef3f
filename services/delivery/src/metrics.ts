import type { Metrics } from "@posthorn/runtime";
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
}

/** What is looked up when the metrics are read. */
export interface DeliveryGauges {
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
  };
}

/** Registers what is looked up at each reading. */
export function deliveryGauges(metrics: Metrics, gauges: DeliveryGauges): void {
  const gauge = (name: string, help: string, read: () => number) =>
    metrics.gauge({ name: `posthorn_delivery_${name}`, help, collect: (g) => g.set(read()) });
  gauge("sending", "POSTs under way.", gauges.sendingCount);
  gauge("unwritten_results", "Results that wait to be written.", gauges.unwrittenCount);
  gauge("owned_partitions", "Partitions that this process owns.", gauges.ownedCount);
}
