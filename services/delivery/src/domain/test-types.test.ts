import { expect, it } from "vitest";
import { chooseTestTypes } from "./test-types.ts";

const catalog = [{ name: "invoice.paid" }, { name: "order.created" }, { name: "order.updated" }];

it.each([
  ["what was asked for", ["order.updated"], ["order.*"], { types: ["order.updated"] }],
  [
    "all exact types",
    [],
    ["order.created", "invoice.paid"],
    { types: ["order.created", "invoice.paid"] },
  ],
  ["the first that a pattern matches", [], ["order.*"], { types: ["order.created"] }],
  ["the first of all", [], [], { types: ["invoice.paid"] }],
  [
    "not subscribed",
    ["invoice.paid"],
    ["order.*"],
    { problem: "the webhook does not subscribe invoice.paid" },
  ],
  [
    "not in the catalog",
    ["order.gone"],
    ["order.*"],
    { problem: "order.gone is not in the catalog" },
  ],
  [
    "nothing to choose from",
    [],
    ["user.*"],
    { problem: "the catalog has no type that it subscribes" },
  ],
])("%s", (_name, asked, subscribed, expected) => {
  expect(chooseTestTypes(asked, subscribed, catalog)).toEqual(expected);
});
