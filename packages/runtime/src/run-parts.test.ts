import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Part } from "./part.ts";
import { runParts } from "./run-parts.ts";

const stopTimeoutMs = 5_000;

/** A part that notes what happens to it, and ends when it is told to. */
function part(name: string, events: string[], onStop: () => void | Promise<void> = () => {}): Part {
  return {
    name,
    async run(stop, ready) {
      events.push(`${name} starts`);
      ready();
      await untilAborted(stop);
      await onStop();
      events.push(`${name} ends`);
    },
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/** A part that does something once those before it are ready. */
function once(name: string, run: () => void): Part {
  return {
    name,
    async run(stop, ready) {
      const ended = untilAborted(stop);
      ready();
      run();
      await ended;
    },
  };
}

async function failuresOf(run: Promise<void>): Promise<string[]> {
  const error = await run.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(AggregateError);
  return error instanceof AggregateError ? error.errors.map((each: Error) => each.message) : [];
}

describe("runParts", () => {
  test("starts in order and stops in reverse", async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const parts = [part("a", events), part("b", events), once("c", () => stop.abort())];
    await runParts(parts, { stop: stop.signal, stopTimeoutMs });
    expect(events).toEqual(["a starts", "b starts", "b ends", "a ends"]);
  });

  test("starts a part only when the one before is ready", async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const slow: Part = {
      name: "slow",
      async run(signal, ready) {
        const ended = untilAborted(signal);
        await sleep(1);
        events.push("slow is ready");
        ready();
        await ended;
      },
    };
    const parts = [slow, part("b", events), once("c", () => stop.abort())];
    await runParts(parts, { stop: stop.signal, stopTimeoutMs });
    expect(events).toEqual(["slow is ready", "b starts", "b ends"]);
  });

  test("stops what has started when the stop comes before all are ready", async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const stuck: Part = {
      name: "stuck",
      async run(signal) {
        const ended = untilAborted(signal);
        stop.abort();
        await ended;
      },
    };
    const parts = [part("a", events), stuck, part("c", events)];
    await runParts(parts, { stop: stop.signal, stopTimeoutMs });
    expect(events).toEqual(["a starts", "a ends"]);
  });

  test("starts nothing when it is stopped already", async () => {
    const events: string[] = [];
    await runParts([part("a", events)], { stop: AbortSignal.abort(), stopTimeoutMs });
    expect(events).toEqual([]);
  });

  test("stops all when a part fails, and throws its failure", async () => {
    const events: string[] = [];
    const failing: Part = {
      name: "failing",
      async run(_stop, ready) {
        ready();
        throw new Error("disk full");
      },
    };
    const run = runParts([part("a", events), failing], {
      stop: new AbortController().signal,
      stopTimeoutMs,
    });
    expect(await failuresOf(run)).toEqual(["part failing failed: disk full"]);
    expect(events).toEqual(["a starts", "a ends"]);
  });

  test("takes a part that ends by itself for a failure", async () => {
    const ending: Part = { name: "ending", run: async () => {} };
    const run = runParts([ending], { stop: new AbortController().signal, stopTimeoutMs });
    expect(await failuresOf(run)).toEqual(["part ending ended by itself"]);
  });

  test("throws all failures, those in cleaning up too, and goes on stopping", async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const parts = [
      part("a", events),
      part("b", events, () => Promise.reject(new Error("b cannot let go"))),
      part("c", events, () => Promise.reject(new Error("c cannot let go"))),
      once("d", () => stop.abort()),
    ];
    const run = runParts(parts, { stop: stop.signal, stopTimeoutMs });
    expect(await failuresOf(run)).toEqual([
      "part c failed: c cannot let go",
      "part b failed: b cannot let go",
    ]);
    expect(events.at(-1)).toBe("a ends");
  });

  test("takes the stop signal's own abort for a clean end", async () => {
    const stop = new AbortController();
    const sleeper: Part = {
      name: "sleeper",
      async run(signal, ready) {
        ready();
        stop.abort();
        await sleep(60_000, undefined, { signal });
      },
    };
    await runParts([sleeper], { stop: stop.signal, stopTimeoutMs });
  });

  test("names the parts that do not stop in time, and tells all of them", async () => {
    const events: string[] = [];
    const stop = new AbortController();
    const stuck = part("stuck", events, () => new Promise(() => {}));
    const parts = [part("a", events), stuck, once("c", () => stop.abort())];
    const run = runParts(parts, { stop: stop.signal, stopTimeoutMs: 20 });
    expect(await failuresOf(run)).toEqual(["not stopped within 20 ms: a, stuck"]);
    expect(events).toContain("a ends");
  });
});
