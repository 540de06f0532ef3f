import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "@posthorn/proto/google/rpc/error_details";
import { describe, expect, test } from "vitest";
import { AppError } from "./app-error.ts";
import { fromConnectError, toConnectError } from "./connect.ts";
import { isReason, type Reason, wire } from "./wire.ts";

const reasons = Object.keys(wire).filter(isReason);

describe("toConnectError", () => {
  test.each([
    ["invalid", Code.InvalidArgument, 400],
    ["unauthenticated", Code.Unauthenticated, 401],
    ["forbidden", Code.PermissionDenied, 403],
    ["not_found", Code.NotFound, 404],
    ["exists", Code.AlreadyExists, 409],
    ["conflict", Code.Aborted, 409],
    ["precondition", Code.FailedPrecondition, 400],
    ["limited", Code.ResourceExhausted, 429],
    ["too_large", Code.InvalidArgument, 413],
    ["unavailable", Code.Unavailable, 503],
    ["deadline", Code.DeadlineExceeded, 504],
  ] satisfies [Reason, Code, number][])("%s goes out as its code", (reason, code, httpStatus) => {
    const error = toConnectError(new AppError(reason, "no"), "r1");
    expect(error.code).toBe(code);
    expect(error.rawMessage).toBe("no");
    expect(wire[reason].httpStatus).toBe(httpStatus);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: reason.toUpperCase(), domain: "posthorn" },
    ]);
  });

  test("puts fields and retry time into details", () => {
    const error = toConnectError(
      new AppError("limited", "slow down", {
        fields: [{ field: "event.data", description: "is no JSON", reason: "invalid_json" }],
        retryAfterMs: 1_500,
      }),
      "r1",
    );
    expect(error.findDetails(BadRequestSchema)).toMatchObject([
      {
        fieldViolations: [
          { field: "event.data", description: "is no JSON", reason: "invalid_json" },
        ],
      },
    ]);
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([
      { retryDelay: { seconds: 1n, nanos: 500_000_000 } },
    ]);
  });

  test("hides a defect behind the request id and keeps it as the cause", () => {
    const defect = new Error("password is hunter2");
    const error = toConnectError(defect, "r1");
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toBe("internal error (request r1)");
    expect(error.details).toEqual([]);
    expect(error.cause).toBe(defect);
  });

  test("hides what is thrown without being an error", () => {
    expect(toConnectError("hunter2", "r1").message).not.toContain("hunter2");
  });

  test("lets a ConnectError pass", () => {
    const error = new ConnectError("no such method", Code.Unimplemented);
    expect(toConnectError(error, "r1")).toBe(error);
  });
});

describe("fromConnectError", () => {
  test.each(reasons)("gives back what toConnectError made of %s", (reason) => {
    const sent = new AppError(reason, "no", {
      fields: [
        { field: "a", description: "is bad" },
        { field: "b[0].c", description: "is bad", reason: "too_deep" },
      ],
      retryAfterMs: 20,
    });
    const received = fromConnectError(toConnectError(sent, "r1"));
    expect(received).toBeInstanceOf(AppError);
    expect(received).toMatchObject({
      reason,
      message: "no",
      fields: sent.fields,
      retryAfterMs: 20,
    });
  });

  test("leaves what is not ours alone", () => {
    const foreign = new ConnectError("no", Code.NotFound, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "NOT_FOUND", domain: "example.com" } },
    ]);
    expect(fromConnectError(foreign)).toBe(foreign);
    const plain = new Error("no");
    expect(fromConnectError(plain)).toBe(plain);
  });

  test("leaves a reason of ours alone that it does not know", () => {
    const later = new ConnectError("no", Code.NotFound, undefined, [
      { desc: ErrorInfoSchema, value: { reason: "TO_STRING", domain: "posthorn" } },
    ]);
    expect(fromConnectError(later)).toBe(later);
  });
});
