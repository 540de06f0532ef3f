import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { describe, expect, test } from "vitest";
import { appClient } from "./client.ts";

/** What a client's caller gets when the transport fails with this error. */
async function thrownFor(error: unknown, options: { signal?: AbortSignal } = {}): Promise<unknown> {
  const transport: Transport = {
    unary: () => Promise.reject(error),
    stream: () => Promise.reject(error),
  };
  const call = appClient(PublishService, transport).publishEvent({}, options);
  return await call.catch((thrown: unknown) => thrown);
}

describe("appClient", () => {
  test("gives back the AppError that a service threw", async () => {
    const error = toConnectError(new AppError("conflict", "the etag is old"), "r1");
    expect(await thrownFor(error)).toMatchObject({ name: "AppError", reason: "conflict" });
  });

  test.each([
    [Code.Unavailable, "unavailable"],
    [Code.Aborted, "unavailable"],
    [Code.Canceled, "unavailable"],
    [Code.DeadlineExceeded, "deadline"],
  ])("reads code %s of the transport as %s, without its words", async (code, reason) => {
    const error = new ConnectError("connect ECONNREFUSED 10.0.0.3:8080", code);
    const thrown = await thrownFor(error);
    expect(thrown).toMatchObject({ name: "AppError", reason, cause: error });
    expect(thrown instanceof AppError && thrown.message).not.toContain("10.0.0.3");
  });

  test("leaves our own cancellation as it is", async () => {
    const error = new ConnectError("canceled", Code.Canceled);
    expect(await thrownFor(error, { signal: AbortSignal.abort() })).toBe(error);
  });

  test.each([Code.Internal, Code.Unimplemented, Code.PermissionDenied, Code.Unknown])(
    "takes code %s for a defect",
    async (code) => {
      const error = new ConnectError("odd", code);
      const thrown = await thrownFor(error);
      expect(thrown).not.toBeInstanceOf(AppError);
      expect(thrown).not.toBeInstanceOf(ConnectError);
      expect(thrown).toMatchObject({ cause: error });
    },
  );
});
