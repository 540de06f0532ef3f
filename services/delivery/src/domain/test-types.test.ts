import { expect, it } from "vitest";
import { chooseTestTypes } from "./test-types.ts";

const own = { name: "posthorn.webhook.failing", reserved: true };
const catalog = [
  { name: "invoice.paid" },
  { name: "order.created" },
  { name: "order.updated" },
  own,
];

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

it.each([
  ["not a webhook for all", [], { problem: "the catalog has no type that it subscribes" }],
  ["one whose pattern names them", ["posthorn.*"], { types: [own.name] }],
  ["one that names one", [own.name], { types: [own.name] }],
])("sends posthorn's own types to %s", (_name, subscribed, expected) => {
  expect(chooseTestTypes([], subscribed, [own])).toEqual(expected);
});
