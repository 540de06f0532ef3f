import type { DescService } from "@bufbuild/protobuf";
import { type Client, Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { AppError, fromConnectError } from "@posthorn/errors";
import { translateErrors } from "./stream.ts";

/**
 * Gives a client whose errors are AppErrors. A service that cannot be reached, or goes away during
 * the call, is `unavailable`, a deadline that passes `deadline`. Only our own cancellation stays a
 * ConnectError; any other code that is not ours is a defect over there, and here a plain Error.
 */
export function appClient<S extends DescService>(service: S, transport: Transport): Client<S> {
  return createClient(service, {
    async unary(method, signal, ...call) {
      try {
        return await transport.unary(method, signal, ...call);
      } catch (error) {
        throw toAppError(error, service.typeName, signal);
      }
    },
    async stream(method, signal, ...call) {
      const translate = (error: unknown) => toAppError(error, service.typeName, signal);
      try {
        const response = await transport.stream(method, signal, ...call);
        return { ...response, message: translateErrors(response.message, translate) };
      } catch (error) {
        throw translate(error);
      }
    },
  });
}

/** Messages name no host: they may go on to callers outside. */
function toAppError(caught: unknown, serviceName: string, signal?: AbortSignal): unknown {
  const error = fromConnectError(caught);
  if (!(error instanceof ConnectError)) return error;
  if (error.code === Code.Canceled && signal?.aborted === true) return error;
  const options = { cause: error };
  switch (error.code) {
    case Code.DeadlineExceeded:
      return new AppError("deadline", `${serviceName} took longer than the deadline`, options);
    case Code.Unavailable:
    // A connection that breaks during a call; a refusal of ours would name its reason.
    case Code.Aborted:
    case Code.Canceled:
      return new AppError("unavailable", `${serviceName} cannot be reached`, options);
    default:
      return new Error(`${serviceName} failed: ${error.message}`, options);
  }
}
