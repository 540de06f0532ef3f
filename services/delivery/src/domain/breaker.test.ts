import { describe, expect, it } from "vitest";
import {
  abandonProbe,
  type Breaker,
  beginProbe,
  closeBreaker,
  closedBreaker,
  isPassable,
  onVerdict,
  openMs,
  type Verdict,
} from "./breaker.ts";

const error = "cannot connect: ECONNREFUSED";

function attempts(breaker: Breaker, verdicts: readonly Verdict[], everyMs = 1): void {
  for (const [index, verdict] of verdicts.entries()) {
    onVerdict(breaker, verdict, { isProbe: false, error, nowMs: index * everyMs });
  }
}

function after(verdicts: readonly Verdict[], everyMs = 1): Breaker {
  const breaker = closedBreaker();
  attempts(breaker, verdicts, everyMs);
  return breaker;
}

const times = (count: number, verdict: Verdict): Verdict[] => Array(count).fill(verdict);
const minuteMs = 60_000;

describe("a breaker", () => {
  it.each<[string, Verdict[], Breaker["state"]]>([
    ["stays closed after 9 attempts in a row that reach nobody", times(9, "unreachable"), "CLOSED"],
    ["opens after 10 attempts in a row that reach nobody", times(10, "unreachable"), "OPEN"],
    [
      "counts anew after any answer",
      [...times(9, "unreachable"), ...times(30, "success"), ...times(9, "unreachable")],
      "CLOSED",
    ],
    ["opens at 7 failures of 10", [...times(3, "success"), ...times(7, "failure")], "OPEN"],
    [
      "stays closed at 6 failures of 10",
      [...times(4, "success"), ...times(6, "failure")],
      "CLOSED",
    ],
    ["waits for 10 attempts before it judges their share", times(9, "failure"), "CLOSED"],
    ["opens at 10 failures of 10", times(10, "failure"), "OPEN"],
    ["is left alone by those who ask to wait", times(50, "asked_to_wait"), "CLOSED"],
  ])("%s", (_name, verdicts, state) => {
    expect(after(verdicts).state).toBe(state);
  });

  it("judges the last five minutes only", () => {
    expect(after(times(30, "failure"), minuteMs).state).toBe("CLOSED");
    expect(after(times(30, "failure"), minuteMs / 4).state).toBe("OPEN");
  });

  it("says why it is open", () => {
    expect(after(times(10, "unreachable")).reason).toBe(
      "10 attempts in a row did not reach it: cannot connect: ECONNREFUSED",
    );
    expect(after([...times(3, "success"), ...times(7, "failure")]).reason).toBe(
      "7 of 10 attempts within 5 minutes failed: cannot connect: ECONNREFUSED",
    );
  });

  it("lets nothing pass while open, then one delivery alone", () => {
    const breaker = after(times(10, "unreachable"));
    expect(isPassable(breaker, breaker.untilMs - 1)).toBe(false);
    expect(isPassable(breaker, breaker.untilMs)).toBe(true);
    expect(beginProbe(breaker)).toBe(true);
    expect(breaker.state).toBe("HALF_OPEN");
    expect(isPassable(breaker, breaker.untilMs + minuteMs)).toBe(false);
  });

  it("closes when the probe succeeds, and has forgotten the failures", () => {
    const breaker = after(times(10, "unreachable"));
    beginProbe(breaker);
    expect(onVerdict(breaker, "success", { isProbe: true, error: "", nowMs: 20_000 })).toBe(
      "closed",
    );
    expect(breaker).toMatchObject({ state: "CLOSED", reason: "" });
    attempts(breaker, times(9, "unreachable"));
    expect(breaker.state).toBe("CLOSED");
  });

  it("waits longer after each probe that fails, at most 5 minutes", () => {
    const breaker = after(times(10, "unreachable"));
    const waitsMs = [1, 2, 3, 4, 5, 6, 7].map(() => {
      const nowMs = breaker.untilMs;
      beginProbe(breaker);
      expect(onVerdict(breaker, "failure", { isProbe: true, error, nowMs })).toBe("opened");
      return breaker.untilMs - nowMs;
    });
    expect(waitsMs).toEqual([20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]);
    expect(breaker.reason).toBe(`the last try failed, too: ${error}`);
  });

  it.each([
    ["goes on with long waits when it opens again soon", minuteMs, openMs(2)],
    ["begins with short waits when it was closed for long", 6 * minuteMs, openMs(1)],
  ])("%s", (_name, laterMs, expectedMs) => {
    const breaker = after(times(10, "unreachable"));
    closeBreaker(breaker, 0);
    for (const _ of times(10, "unreachable")) {
      onVerdict(breaker, "unreachable", { isProbe: false, error, nowMs: laterMs });
    }
    expect(breaker.untilMs - laterMs).toBe(expectedMs);
  });

  it("is not moved by attempts that began before it opened", () => {
    const breaker = after(times(10, "unreachable"));
    const { untilMs } = breaker;
    attempts(breaker, ["success", ...times(30, "unreachable")]);
    expect(breaker).toMatchObject({ state: "OPEN", untilMs, openCount: 1 });
  });

  it.each<[string, (breaker: Breaker) => void]>([
    ["a probe that failed by a fault of ours", abandonProbe],
    [
      "a probe that was asked to wait",
      (breaker) => onVerdict(breaker, "asked_to_wait", { isProbe: true, error, nowMs: 0 }),
    ],
  ])("lets another probe follow %s", (_name, end) => {
    const breaker = after(times(10, "unreachable"));
    beginProbe(breaker);
    end(breaker);
    expect(breaker).toMatchObject({ state: "OPEN", openCount: 1 });
    expect(isPassable(breaker, breaker.untilMs)).toBe(true);
  });
});
