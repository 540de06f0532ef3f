import { describe, expect, test } from "vitest";
import { wakeup } from "./wakeup.ts";

const timeoutMs = 60_000;
const stop = new AbortController().signal;

describe("wakeup", () => {
  test("ends a wait", async () => {
    const { wait, wake } = wakeup();
    const waiting = wait({ timeoutMs, stop });
    wake();
    await waiting;
  });

  test("ends all waits under way", async () => {
    const { wait, wake } = wakeup();
    const waiting = [wait({ timeoutMs, stop }), wait({ timeoutMs, stop })];
    wake();
    await Promise.all(waiting);
  });

  test("is kept for the next wait, once", async () => {
    const { wait, wake } = wakeup();
    wake();
    wake();
    await wait({ timeoutMs, stop });
    let ended = false;
    const second = wait({ timeoutMs: 5, stop }).then(() => {
      ended = true;
    });
    await Promise.resolve();
    expect(ended).toBe(false);
    await second;
  });

  test("gives up waiting after the time-out", async () => {
    await wakeup().wait({ timeoutMs: 1, stop });
  });

  test("waits for longer than a timer can without ending at once", async () => {
    const { wait, wake } = wakeup();
    let ended = false;
    const waiting = wait({ timeoutMs: Number.POSITIVE_INFINITY, stop }).then(() => {
      ended = true;
    });
    await wakeup().wait({ timeoutMs: 5, stop });
    expect(ended).toBe(false);
    wake();
    await waiting;
  });

  test("stops waiting when it is told to, before or during a wait", async () => {
    const stopping = new AbortController();
    const { wait } = wakeup();
    const waiting = wait({ timeoutMs, stop: stopping.signal });
    stopping.abort();
    await waiting;
    await wait({ timeoutMs, stop: stopping.signal });
  });
});
