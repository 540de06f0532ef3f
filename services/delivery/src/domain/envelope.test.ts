import { expect, it } from "vitest";
import { renderEnvelope } from "./envelope.ts";

it("keeps the bytes of data: long numbers, key order, escapes and white space", () => {
  const data = '{ "b": 123456789012345678901234567890, "2": 1e400, "1": "\\u00e9" }';
  const body = renderEnvelope({
    type: "order.created",
    time: "2024-01-15T10:30:00Z",
    data: Buffer.from(data),
  });
  expect(body.toString()).toBe(
    `{"type":"order.created","timestamp":"2024-01-15T10:30:00Z","data":${data}}`,
  );
});
