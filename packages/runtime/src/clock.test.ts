import { describe, expect, test } from "vitest";
import { systemClock as clock } from "./clock.ts";

describe("the machine's clock", () => {
  test("waits as long as it is told", async () => {
    const startedMs = clock.nowMs();
    await clock.sleep(20);
    expect(clock.nowMs() - startedMs).toBeGreaterThanOrEqual(19);
  });

  test("ends a wait, without a throw, when the signal aborts", async () => {
    const stop = new AbortController();
    const waiting = clock.sleep(60_000, stop.signal);
    stop.abort();
    await waiting;
    await clock.sleep(60_000, stop.signal);
  });

  test("calls back once, unless it is canceled", async () => {
    const called: string[] = [];
    clock.after(1, () => called.push("kept"));
    clock.after(1, () => called.push("canceled"))();
    await clock.sleep(20);
    expect(called).toEqual(["kept"]);
  });

  test("waits for longer than a timer can without ending at once", async () => {
    let ended = false;
    const cancel = clock.after(Number.POSITIVE_INFINITY, () => {
      ended = true;
    });
    await clock.sleep(5);
    expect(ended).toBe(false);
    cancel();
  });
});
