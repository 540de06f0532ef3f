import { AppError } from "@posthorn/errors";
import { describe, expect, test } from "vitest";
import { confirmedCache } from "./confirmed-cache.ts";

const down = new AppError("unavailable", "cannot be reached");

/** A cache over a world that can be changed, with a clock that is moved by hand. */
function setup(options: { entryCountMax?: number } = {}) {
  const clock = { nowMs: 1_000_000 };
  const asked: string[] = [];
  const world = new Map<string, { name: string; expiresAtMs?: number } | Error>();
  const cache = confirmedCache<{ name: string; expiresAtMs?: number }>({
    freshMs: 5_000,
    goodMs: 60_000,
    pauseMs: 1_000,
    entryCountMax: 100,
    now: () => clock.nowMs,
    expiresAtMs: (answer) => answer.expiresAtMs,
    ...options,
  });
  const get = (key: string) =>
    cache(key, async () => {
      asked.push(key);
      const answer = world.get(key);
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { clock, asked, world, get };
}

describe("confirmedCache", () => {
  test("asks once while the answer is fresh, and again after that", async () => {
    const { clock, asked, world, get } = setup();
    world.set("a", { name: "first" });
    await get("a");
    world.set("a", { name: "second" });
    clock.nowMs += 4_999;
    expect(await get("a")).toEqual({ name: "first" });
    expect(asked).toEqual(["a"]);
    clock.nowMs += 1;
    expect(await get("a")).toEqual({ name: "second" });
  });

  test("forgets what is no more", async () => {
    const { clock, world, get } = setup();
    world.set("a", { name: "first" });
    await get("a");
    world.delete("a");
    clock.nowMs += 5_000;
    expect(await get("a")).toBeUndefined();
    world.set("a", down);
    await expect(get("a")).rejects.toBe(down);
  });

  test("does not keep that there is none", async () => {
    const { asked, world, get } = setup();
    expect(await get("a")).toBeUndefined();
    world.set("a", { name: "new" });
    expect(await get("a")).toEqual({ name: "new" });
    expect(asked).toEqual(["a", "a"]);
  });

  test("goes on with what it knows for a while when there is no asking", async () => {
    const { clock, asked, world, get } = setup();
    world.set("a", { name: "first" });
    await get("a");
    world.set("a", down);
    clock.nowMs += 59_999;
    expect(await get("a")).toEqual({ name: "first" });
    clock.nowMs += 1;
    await expect(get("a")).rejects.toBe(down);
    expect(asked).toEqual(["a", "a", "a"]);
  });

  test("pauses between its attempts to ask, and asks again then", async () => {
    const { clock, asked, world, get } = setup();
    world.set("a", { name: "first" });
    await get("a");
    world.set("a", down);
    clock.nowMs += 5_000;
    await get("a");
    clock.nowMs += 999;
    await get("a");
    expect(asked).toEqual(["a", "a"]);
    world.set("a", { name: "second" });
    clock.nowMs += 1;
    expect(await get("a")).toEqual({ name: "second" });
  });

  test("throws at once for what it never knew", async () => {
    const { world, get } = setup();
    world.set("a", down);
    await expect(get("a")).rejects.toBe(down);
  });

  test("does not hide other failures behind what it knows", async () => {
    const { clock, world, get } = setup();
    world.set("a", { name: "first" });
    await get("a");
    const defect = new Error("defect");
    world.set("a", defect);
    clock.nowMs += 5_000;
    await expect(get("a")).rejects.toBe(defect);
  });

  test("uses no answer beyond its own end", async () => {
    const { clock, world, get } = setup();
    world.set("a", { name: "first", expiresAtMs: clock.nowMs + 100 });
    await get("a");
    world.set("a", down);
    clock.nowMs += 100;
    await expect(get("a")).rejects.toBe(down);
  });

  test("asks once for all who want to know at the same time", async () => {
    const { asked, world, get } = setup();
    world.set("a", { name: "first" });
    expect(await Promise.all([get("a"), get("a"), get("a")])).toEqual(
      Array.from({ length: 3 }, () => ({ name: "first" })),
    );
    expect(asked).toEqual(["a"]);
  });

  test("keeps no more than it may", async () => {
    const { asked, world, get } = setup({ entryCountMax: 2 });
    for (const key of ["a", "b", "c"]) {
      world.set(key, { name: key });
      await get(key);
    }
    await get("c");
    await get("a");
    expect(asked).toEqual(["a", "b", "c", "a"]);
  });
});
