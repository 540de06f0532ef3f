import { describe, expect, test } from "vitest";
import { retrying } from "./retrying.ts";

const transient = new Error("connection lost");
const stop = new AbortController().signal;
const isTransient = (error: unknown) => error === transient;

/** A run that fails with these errors, one after the other, and then succeeds. */
function failing(...errors: Error[]): () => Promise<string> {
  return async () => {
    const error = errors.shift();
    if (error !== undefined) throw error;
    return "done";
  };
}

describe("retrying", () => {
  test("runs again after transient errors, and tells of each", async () => {
    const told: unknown[] = [];
    const run = failing(transient, transient);
    const onRetry = (error: unknown) => told.push(error);
    const result = retrying(run, { isTransient, stop, delaysMs: [0, 0, 0], onRetry });
    expect(await result).toBe("done");
    expect(told).toEqual([transient, transient]);
  });

  test("throws what is not transient at once", async () => {
    const defect = new Error("defect");
    const run = failing(defect);
    await expect(retrying(run, { isTransient, stop })).rejects.toBe(defect);
  });

  test("throws the last error when its delays are used up", async () => {
    const run = failing(transient, transient, transient);
    await expect(retrying(run, { isTransient, stop, delaysMs: [0, 0] })).rejects.toBe(transient);
  });

  test("stops waiting when it is told to", async () => {
    const stopping = new AbortController();
    const onRetry = () => stopping.abort();
    const options = { isTransient, stop: stopping.signal, delaysMs: [60_000], onRetry };
    await expect(retrying(failing(transient), options)).rejects.toThrow(/aborted/);
  });

  test("does not run again once it was told to stop", async () => {
    const options = { isTransient, stop: AbortSignal.abort(), delaysMs: [0] };
    await expect(retrying(failing(transient), options)).rejects.toThrow(/aborted/);
  });
});
