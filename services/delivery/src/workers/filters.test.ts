import { FilterError, FilterEvent } from "@posthorn/filter";
import { expect, it } from "vitest";
import { Filters } from "./filters.ts";

const event = new FilterEvent({
  id: "evt_1",
  type: "order.created",
  time: "2024-01-15T10:30:00Z",
  connection: "",
  data: Buffer.from("{}"),
});

it("webhooks with the same source share one filter", () => {
  const filters = new Filters();
  const source = "event.type == 'order.created'";
  expect(filters.get(source)).toBe(filters.get(source));
  expect(filters.get(source)?.(event)).toBe(true);
});

it("no source is no filter, and one that this release does not know gives an error", () => {
  const filters = new Filters();
  expect(filters.get("")).toBeUndefined();
  expect(filters.get("event.")?.(event)).toBeInstanceOf(FilterError);
});

it("the oldest are forgotten, so that memory is bounded", () => {
  const filters = new Filters();
  const first = filters.get("0 == 0");
  for (let count = 1; count <= 5_000; count += 1) filters.get(`0 == ${count}`);
  expect(filters.get("0 == 5000")).toBe(filters.get("0 == 5000"));
  expect(filters.get("0 == 0")).not.toBe(first);
});
