import { create, toJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { expect, test } from "vitest";
import { timestampText } from "./timestamp-text.ts";

const seconds = fc.oneof(
  fc.bigInt(-62_135_596_800n, 253_402_300_799n),
  fc.bigInt(1_760_000_000n, 1_760_000_002n),
);
const nanos = fc.oneof(
  fc.constantFrom(0, 1, 1_000, 1_000_000, 999_999_999),
  fc.nat(999).map((ms) => ms * 1_000_000),
  fc.nat(999_999_999),
);

test("writes what protobuf itself writes", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ seconds, nanos }), { maxLength: 5 }), (times) => {
      for (const time of times) {
        const message = create(TimestampSchema, time);
        expect(timestampText(message)).toBe(toJson(TimestampSchema, message));
      }
    }),
  );
});

test.each([
  { seconds: 253_402_300_800n, nanos: 0 },
  { seconds: -62_135_596_801n, nanos: 0 },
  { seconds: 0n, nanos: -1 },
])("refuses what no ProtoJSON can say: $nanos ns, $seconds s", (time) => {
  expect(() => timestampText(create(TimestampSchema, time))).toThrow("google.protobuf.Timestamp");
});
