import { expect, test } from "vitest";
import { pageSizeOf } from "./page-size.ts";

test.each([
  [0, 50],
  [1, 1],
  [250, 250],
])("%d gives %d", (requested, size) => {
  expect(pageSizeOf(requested)).toBe(size);
});

test.each([-1, 251, 1e9, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses %d", (requested) => {
  expect(() => pageSizeOf(requested)).toThrow(
    expect.objectContaining({
      reason: "invalid",
      fields: [expect.objectContaining({ field: "pageSize" })],
    }),
  );
});
