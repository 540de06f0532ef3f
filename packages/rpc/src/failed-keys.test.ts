import { expect, test } from "vitest";
import { failedKeys } from "./failed-keys.ts";

/** Three wrong keys, one forgiven each second, and a clock that the test moves. */
function setup(options: { entryCountMax?: number } = {}) {
  const clock = { nowMs: 1_000 };
  const keys = failedKeys({
    countMax: 3,
    perSecond: 1,
    monotonicMs: () => clock.nowMs,
    ...options,
  });
  const fail = (address: string, count: number) => {
    for (let index = 0; index < count; index += 1) keys.failed(address);
  };
  const refusal = (address: string, authorization = "Bearer new") =>
    keys.refusal(address, authorization);
  return { keys, clock, fail, refusal };
}

test("refuses an address after as many wrong keys as it may try, and no other", () => {
  const { fail, refusal } = setup();
  fail("192.0.2.1", 2);
  expect(refusal("192.0.2.1")).toBeUndefined();
  fail("192.0.2.1", 1);
  expect(refusal("192.0.2.1")).toMatchObject({ reason: "limited", retryAfterMs: 1_000 });
  expect(refusal("192.0.2.2")).toBeUndefined();
});

test("forgives with time", () => {
  const { clock, fail, refusal } = setup();
  fail("192.0.2.1", 3);
  clock.nowMs += 999;
  expect(refusal("192.0.2.1")).toMatchObject({ reason: "limited" });
  clock.nowMs += 2;
  expect(refusal("192.0.2.1")).toBeUndefined();
});

test("lets a key that worked go on beside an attacker", () => {
  const { keys, fail, refusal } = setup();
  keys.worked("Bearer good");
  fail("192.0.2.1", 10);
  expect(refusal("192.0.2.1", "Bearer good")).toBeUndefined();
  expect(refusal("192.0.2.1", "Bearer other")).toMatchObject({ reason: "limited" });
});

test("remembers no more addresses and keys than it may", () => {
  const { keys, fail, refusal } = setup({ entryCountMax: 2 });
  for (const address of ["192.0.2.1", "192.0.2.2", "192.0.2.3"]) fail(address, 3);
  expect(refusal("192.0.2.1")).toBeUndefined();
  for (const key of ["Bearer a", "Bearer b", "Bearer c"]) keys.worked(key);
  expect(refusal("192.0.2.3", "Bearer a")).toMatchObject({ reason: "limited" });
  expect(refusal("192.0.2.3", "Bearer c")).toBeUndefined();
});
