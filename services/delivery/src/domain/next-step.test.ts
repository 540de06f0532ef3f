import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { laneBlockedUntil, nextStep } from "./next-step.ts";

const now = new Date("2026-01-01T00:00:00Z");
const delaysMs = [5_000, 300_000];
const failed = { succeeded: false, statusCode: 500, retryAfter: undefined };

describe("nextStep", () => {
  it.each([
    ["a success ends it", { ...failed, number: 1, succeeded: true, statusCode: 204 }, "succeeded"],
    [
      "410 is a failure like others for its delivery",
      { ...failed, number: 1, statusCode: 410 },
      "retry",
    ],
    ["a failure is tried again", { ...failed, number: 2 }, "retry"],
    ["the last failure exhausts it", { ...failed, number: 3 }, "exhausted"],
  ])("%s", (_name, facts, kind) => {
    expect(nextStep(facts, { delaysMs, now, random: 0.5 }).kind).toBe(kind);
  });

  it("waits the scheduled time when the jitter is zero", () => {
    expect(nextStep({ ...failed, number: 2 }, { delaysMs, now, random: 0 })).toEqual({
      kind: "retry",
      dueAt: new Date("2026-01-01T00:05:00Z"),
    });
  });

  it("never undercuts the schedule or Retry-After and never exceeds them by more than 10 %", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 0, max: 86_400 }),
        (random, number, seconds) => {
          const facts = { ...failed, number, statusCode: 503, retryAfter: String(seconds) };
          const step = nextStep(facts, { delaysMs, now, random });
          const waitMs = step.kind === "retry" ? step.dueAt.getTime() - now.getTime() : -1;
          const floorMs = Math.max(delaysMs[number - 1] ?? 0, seconds * 1000);
          expect(waitMs).toBeGreaterThanOrEqual(floorMs);
          expect(waitMs).toBeLessThanOrEqual(floorMs * 1.1 + 1);
        },
      ),
    );
  });
});

describe("laneBlockedUntil", () => {
  it.each([
    ["429 with Retry-After", 429, "60", new Date("2026-01-01T00:01:00Z")],
    ["503 with Retry-After", 503, "60", new Date("2026-01-01T00:01:00Z")],
    ["500 speaks for itself only", 500, "60", undefined],
    ["429 without Retry-After", 429, undefined, undefined],
  ])("%s", (_name, statusCode, retryAfter, expected) => {
    expect(laneBlockedUntil({ ...failed, number: 1, statusCode, retryAfter }, now)).toEqual(
      expected,
    );
  });
});
