import { dayOf, idTimeMs, idToUuid, uuidToId } from "@posthorn/runtime";
import { expect, it } from "vitest";
import { derivedUuid } from "./derived-uuid.ts";

const at = new Date("2026-11-21T14:00:00.123Z");

it("is the same for the same seed and time, and another for any other", () => {
  expect(derivedUuid("a", at)).toBe(derivedUuid("a", at));
  const others = [derivedUuid("b", at), derivedUuid("a", new Date(at.getTime() + 1))];
  expect(new Set([derivedUuid("a", at), ...others]).size).toBe(3);
});

it.each(["a", "b", "c", "d", "e", "f", "g"])("is a UUIDv7 of its time: %s", (seed) => {
  const uuid = derivedUuid(seed, at);
  expect(idToUuid("evt", uuidToId("evt", uuid))).toBe(uuid);
  expect(idTimeMs(uuid)).toBe(at.getTime());
  expect(dayOf(uuid)).toBe("2026-11-21");
});
