import { AppError, invalid } from "@posthorn/errors";
import { describe, expect, test } from "vitest";
import { inWordsOf } from "./field-names.ts";

const names = {
  "webhook.url": "url",
  "webhook.eventTypes": "on",
  "webhook.secrets": "secrets[]",
};

describe("inWordsOf", () => {
  test.each([
    ["a field", "webhook.url", "url"],
    ["a list of one value without its index", "webhook.eventTypes[0]", "on"],
    ["a list as a whole", "webhook.eventTypes", "on"],
    ["a list with its index", "webhook.secrets[12]", "secrets[12]"],
    ["no field that it does not know", "webhook.filter", "webhook.filter"],
    ["no field that begins alike", "webhook.urls", "webhook.urls"],
  ])("renames %s, in message and problem", (_name, field, expected) => {
    expect(inWordsOf(names, invalid(field, "is wrong", "wrong"))).toMatchObject({
      reason: "invalid",
      message: `${expected}: is wrong`,
      fields: [{ field: expected, description: "is wrong", reason: "wrong" }],
    });
  });

  test("renames each of several, and keeps when to come again", () => {
    const fields = ["webhook.url", "webhook.eventTypes[0]"].map((field) => {
      return { field, description: "is wrong" };
    });
    const message = "webhook.url: is wrong; webhook.eventTypes[0]: is wrong";
    const renamed = inWordsOf(names, new AppError("limited", message, { fields, retryAfterMs: 7 }));
    expect(renamed).toMatchObject({
      message: "url: is wrong; on: is wrong",
      fields: [{ field: "url" }, { field: "on" }],
      retryAfterMs: 7,
    });
  });

  test.each([
    ["a refusal that names no field", new AppError("not_found", "no webhook.url:")],
    ["a defect", new Error("webhook.url: is wrong")],
  ])("gives back %s as it is", (_name, error) => {
    expect(inWordsOf(names, error)).toBe(error);
  });
});
