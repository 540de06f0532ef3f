import { AppError, invalid } from "@posthorn/errors";
import { expect, test } from "vitest";
import { deadLetterHeaders, deadLetterOf } from "./dead-letter.ts";

const record = {
  partition: 3,
  offset: 7n,
  key: null,
  value: Buffer.alloc(2_000, "x"),
  headers: { a: Buffer.from([0xff]), Authorization: Buffer.from("Bearer secret") },
};
const rest = { uuid: "u", provider: "demo", logId: "log", topic: "t", createdAt: new Date(0) };

test("keeps the first 1,024 bytes and the size of the value", () => {
  const letter = deadLetterOf(
    { record, error: invalid("event.type", "no"), withoutHeaders: [] },
    rest,
  );
  expect(letter).toMatchObject({
    ...rest,
    partition: 3,
    offset: 7n,
    reason: "INVALID",
    valueSize: 2_000,
  });
  expect(letter.valueHead.length).toBe(1_024);
});

test("says in headers what became of the record, and drops the ones that bear a key", () => {
  const refused = { record, error: invalid("event.type", "no"), withoutHeaders: ["Authorization"] };
  const headers = deadLetterHeaders(refused, deadLetterOf(refused, rest));
  const { a, ...ours } = headers;
  expect(a).toEqual(Buffer.from([0xff]));
  expect(
    Object.fromEntries(Object.entries(ours).map(([name, value]) => [name, String(value)])),
  ).toEqual({
    "posthorn-reason": "INVALID",
    "posthorn-message": "event.type: no",
    "posthorn-topic": "t",
    "posthorn-partition": "3",
    "posthorn-offset": "7",
  });
});

test.each([
  ["the reason of a refusal", new AppError("conflict", "no"), "CONFLICT", "no"],
  ["nothing of a defect", new Error("password"), "INTERNAL", "internal error"],
  ["one line of text", new AppError("invalid", "a\0b\nc"), "INVALID", "a b c"],
])("tells %s", (_, error, reason, message) => {
  expect(deadLetterOf({ record, error, withoutHeaders: [] }, rest)).toMatchObject({
    reason,
    message,
  });
});
