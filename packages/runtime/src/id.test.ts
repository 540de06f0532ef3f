import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { base32ToHex, hexToBase32 } from "./base32.ts";
import { dayOf, idTimeMs, idToUuid, newId, newUuid, uuidToId } from "./id.ts";

const someUuid = "01890a5d-ac96-774b-bcce-b302099a8057";
const someText = "01h455vb4pex5vsknk084sn02q";

describe("base32", () => {
  // From the specification of TypeID 0.3, valid.json.
  test.each([
    ["00000000000000000000000000000000", "00000000000000000000000000"],
    ["00000000000000000000000000000001", "00000000000000000000000001"],
    ["0000000000000000000000000000000a", "0000000000000000000000000a"],
    ["00000000000000000000000000000010", "0000000000000000000000000g"],
    ["00000000000000000000000000000020", "00000000000000000000000010"],
    ["ffffffffffffffffffffffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"],
    ["0110c8531d0952d8d73e1194e95b5f19", "0123456789abcdefghjkmnpqrs"],
    [someUuid.replaceAll("-", ""), someText],
  ])("writes %s as %s and reads it back", (hex, text) => {
    expect(hexToBase32(hex)).toBe(text);
    expect(base32ToHex(text)).toBe(hex);
  });

  // From the specification of TypeID 0.3, invalid.json.
  test.each([
    ["too short", "1234567890123456789012345"],
    ["too long", "123456789012345678901234567"],
    ["spaces", "1234567890123456789012345 "],
    ["upper case", "0123456789ABCDEFGHJKMNPQRS"],
    ["hyphens", "123456789-123456789-123456"],
    ["letters that look like digits", "ooooooiiiiiiuuuuuuulllllll"],
    ["more than 128 bits", "8zzzzzzzzzzzzzzzzzzzzzzzzz"],
    ["nothing", ""],
    ["other alphabets", "０123456789abcdefghjkmnpqr"],
  ])("refuses %s", (_name, text) => {
    expect(base32ToHex(text)).toBeUndefined();
  });

  test("reads back whatever it writes", () => {
    const hex = fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((it) => Buffer.from(it).toString("hex"));
    fc.assert(fc.property(hex, (it) => base32ToHex(hexToBase32(it)) === it));
  });
});

describe("ids", () => {
  test("tell their time and day", () => {
    const atMs = Date.UTC(2026, 2, 9, 23, 59, 59, 999);
    expect(idTimeMs(newUuid(atMs))).toBe(atMs);
    expect(idTimeMs(newId("evt", atMs))).toBe(atMs);
    expect(dayOf(newUuid(atMs))).toBe("2026-03-09");
    expect(dayOf(newId("dlv", atMs + 1))).toBe("2026-03-10");
  });

  test("have the form of RFC 9562, whose example is of this second", () => {
    const atMs = Date.UTC(2022, 1, 22, 19, 22, 22);
    expect(idTimeMs("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")).toBe(atMs);
    expect(newUuid(atMs)).toMatch(/^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("differ within a millisecond, and sort by time across them", () => {
    const ids = Array.from({ length: 1_000 }, () => newId("evt", 1_000_000));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => id < newId("evt", 1_000_001))).toBe(true);
  });

  test("turn into their UUID and back", () => {
    expect(uuidToId("wh", someUuid)).toBe(`wh_${someText}`);
    expect(uuidToId("wh", someUuid.toUpperCase())).toBe(`wh_${someText}`);
    expect(idToUuid("wh", `wh_${someText}`)).toBe(someUuid);
  });

  test("turn back for every time up to the year 9999", () => {
    const time = fc.integer({ min: 0, max: Date.UTC(10_000, 0) - 1 });
    fc.assert(
      fc.property(time, (atMs) => {
        const uuid = newUuid(atMs);
        expect(idToUuid("att", uuidToId("att", uuid))).toBe(uuid);
        expect(idTimeMs(uuid)).toBe(atMs);
        expect(dayOf(uuid)).toBe(new Date(atMs).toISOString().slice(0, 10));
      }),
    );
  });

  test.each([
    ["another prefix", `evt_${someText}`],
    ["no prefix", someText],
    ["a longer prefix", `wwh_${someText}`],
    ["nothing behind the prefix", "wh_"],
    ["a UUID", someUuid],
    ["a UUID of another version", "wh_00000000000000000000000001"],
    ["a year of five digits", uuidToId("wh", newUuid(Date.UTC(10_000, 0)))],
    ["a line feed behind it", `wh_${someText}\n`],
    ["upper case", `wh_${someText.toUpperCase()}`],
  ])("are refused with %s", (_name, id) => {
    expect(idToUuid("wh", id)).toBeUndefined();
  });

  test("without a time are a defect", () => {
    expect(() => idTimeMs("evt_x")).toThrow("no time can be read from the id evt_x");
    expect(() => dayOf("order-1")).toThrow();
  });
});
