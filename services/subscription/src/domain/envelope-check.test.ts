import { expect, test } from "vitest";
import type { EnvelopeField } from "./envelope.ts";
import { envelopeProblems } from "./envelope-check.ts";

const id: EnvelopeField = { name: "id", source: "EVENT_ID" };
const spread: EnvelopeField = { source: "DATA", spread: true };

test("takes envelopes of several versions, spread or not", () => {
  const envelopes = [
    { version: "v1" },
    { version: "v2", fields: [id, spread] },
    {
      version: "v3",
      fields: [
        id,
        { name: "data", source: "DATA" },
        { name: "connection", source: "CONNECTION_ID", omitWhenAbsent: true },
        { name: "text", source: "TEXT", text: "x" },
      ],
    },
  ] as const;
  expect(envelopeProblems(envelopes)).toEqual([]);
});

test("refuses a version that is named twice", () => {
  expect(envelopeProblems([{ version: "v1" }, { version: "v1" }])).toEqual([
    { field: "envelopes[1].version", description: "v1 is named twice" },
  ]);
});

test.each<[string, EnvelopeField[], string, string]>([
  ["a name twice", [id, { name: "id", source: "TIME" }], "[1].name", "id is named twice"],
  ["no name", [id, { source: "TIME" }], "[1].name", "is required"],
  ["a name beside spread", [{ ...spread, name: "data" }], "[0].name", "must be left out"],
  ["data spread twice", [spread, spread], "[1].spread", "already"],
  [
    "spread of what is no data",
    [
      { ...id, name: "x" },
      { source: "TIME", spread: true },
    ],
    "[1].spread",
    "DATA only",
  ],
  [
    "omitting what is never absent",
    [{ ...id, omitWhenAbsent: true }],
    "[0].omitWhenAbsent",
    "never",
  ],
  ["text of another source", [{ ...id, text: "x" }], "[0].text", "TEXT only"],
  ["TEXT without a text", [{ name: "x", source: "TEXT" }], "[0].text", "required"],
])("refuses %s", (_name, fields, field, description) => {
  expect(envelopeProblems([{ version: "v1", fields }])).toEqual([
    { field: `envelopes[0].fields${field}`, description: expect.stringContaining(description) },
  ]);
});
