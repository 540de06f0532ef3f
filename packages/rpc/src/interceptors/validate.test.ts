import { create } from "@bufbuild/protobuf";
import { AppError } from "@posthorn/errors";
import {
  BatchPublishEventsRequestSchema,
  PublishEventRequestSchema,
} from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { RotateWebhookSecretRequestSchema } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { describe, expect, test } from "vitest";
import { checkMessage } from "./validate.ts";

function problemOf(check: () => void): AppError {
  try {
    check();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("checkMessage", () => {
  test("lets a good message pass", () => {
    const message = { workspace: "acme", event: { type: "order.created" } };
    checkMessage(PublishEventRequestSchema, create(PublishEventRequestSchema, message));
  });

  test("names fields as JSON does, and a missing message", () => {
    const message = create(PublishEventRequestSchema, { workspace: "acme" });
    const error = problemOf(() => checkMessage(PublishEventRequestSchema, message));
    expect(error).toMatchObject({ reason: "invalid", fields: [{ field: "event" }] });
    expect(error.message).toBe("event: value is required");
  });

  test("names all that is wrong, with its place in lists", () => {
    const events = [{ type: "a" }, { type: "a", orderingKey: "x".repeat(257) }, { type: "a b" }];
    const message = create(BatchPublishEventsRequestSchema, { workspace: "acme", events });
    const error = problemOf(() => checkMessage(BatchPublishEventsRequestSchema, message));
    expect(error.fields.map(({ field }) => field)).toEqual([
      "events[1].orderingKey",
      "events[2].type",
    ]);
  });

  test("names texts that no table can hold, before any annotation", () => {
    const event = { type: "a b", orderingKey: "x\u0000", data: Uint8Array.of(0) };
    const message = create(PublishEventRequestSchema, { workspace: "acme", event });
    const error = problemOf(() => checkMessage(PublishEventRequestSchema, message));
    expect(error.fields).toMatchObject([{ field: "event.orderingKey", reason: "invalid_unicode" }]);
  });

  test("checks durations", () => {
    const overlap = { seconds: 604_801n, nanos: 0 };
    const message = create(RotateWebhookSecretRequestSchema, { workspace: "acme", overlap });
    const error = problemOf(() => checkMessage(RotateWebhookSecretRequestSchema, message));
    expect(error.fields.map(({ field }) => field)).toEqual(["overlap"]);
  });

  test("bounds how much it says", () => {
    const events = Array.from({ length: 100 }, () => ({ type: "a b" }));
    const message = create(BatchPublishEventsRequestSchema, { workspace: "acme", events });
    const error = problemOf(() => checkMessage(BatchPublishEventsRequestSchema, message));
    expect(error.fields).toHaveLength(50);
    expect(error.message).toMatch(/; and 97 more$/);
  });

  test("takes an endless text without long thought", () => {
    const idempotencyKey = " ".repeat(1_000_000);
    const type = `${"a.".repeat(500_000)}!`;
    const message = create(PublishEventRequestSchema, {
      workspace: "acme",
      event: { type, idempotencyKey },
    });
    const startedAtMs = performance.now();
    problemOf(() => checkMessage(PublishEventRequestSchema, message));
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  });
});
