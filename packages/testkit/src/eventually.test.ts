import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";

test("gives what the first run that does not throw gave", async () => {
  let runCount = 0;
  const result = await eventually(() => {
    if (++runCount < 3) throw new Error("not yet");
    return runCount;
  });
  expect(result).toBe(3);
});

test("tells the last failure at the deadline", async () => {
  const failing = eventually(() => Promise.reject(new Error("still no row")), { timeoutMs: 30 });
  await expect(failing).rejects.toThrow("not within 30 ms: still no row");
});
