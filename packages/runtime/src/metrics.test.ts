import { describe, expect, test } from "vitest";
import { metrics } from "./metrics.ts";

describe("metrics", () => {
  test("counts, gauges and histograms appear in the registry", async () => {
    const { registry, counter, gauge, histogram } = metrics();
    counter({ name: "sent_total", help: "Sent.", labelNames: ["outcome"] }).inc({ outcome: "ok" });
    gauge({ name: "open", help: "Open.", collect: (it) => it.set(7) });
    histogram({ name: "took_seconds", help: "Took.", buckets: [1, 2] }).observe(1.5);
    const text = await registry.metrics();
    expect(text).toContain('sent_total{outcome="ok"} 1');
    expect(text).toContain("open 7");
    expect(text).toContain('took_seconds_bucket{le="2"} 1');
  });

  test("gives the same metric for the same name", () => {
    const { counter, gauge, histogram } = metrics();
    const options = { help: "x", labelNames: ["a"] as const };
    expect(counter({ name: "c", ...options })).toBe(counter({ name: "c", ...options }));
    expect(gauge({ name: "g", ...options })).toBe(gauge({ name: "g", ...options }));
    expect(histogram({ name: "h", ...options })).toBe(histogram({ name: "h", ...options }));
  });

  test("refuses a name that is of another kind", () => {
    const { counter, gauge, histogram } = metrics();
    counter({ name: "c", help: "x" });
    gauge({ name: "g", help: "x" });
    expect(() => gauge({ name: "c", help: "x" })).toThrow("metric c is no gauge");
    expect(() => histogram({ name: "c", help: "x" })).toThrow("metric c is no histogram");
    expect(() => counter({ name: "g", help: "x" })).toThrow("metric g is no counter");
  });

  test("keeps registries apart, and tells of the process only when asked to", async () => {
    metrics().counter({ name: "c", help: "x" });
    expect(await metrics().registry.metrics()).toBe("\n");
    const withProcess = await metrics({ processMetrics: true }).registry.metrics();
    expect(withProcess).toContain("process_cpu_seconds_total");
  });
});
