import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { toConnectError } from "@posthorn/errors";
import type { FailedKeys } from "../failed-keys.ts";
import { peerOf } from "../peer.ts";
import { translateErrors } from "../stream.ts";

/** Refuses the calls of addresses that have tried too many wrong keys; for a server's outer edge. */
export function failedKeysInterceptor(keys: FailedKeys): Interceptor {
  return (next) => async (request) => {
    const address = peerOf(request.contextValues);
    const authorization = request.header.get("authorization");
    if (authorization === null) return await next(request);
    const note = (error: unknown) => {
      if (ConnectError.from(error).code === Code.Unauthenticated) keys.failed(address);
      return error;
    };
    const refusal = keys.refusal(address, authorization);
    // No interceptor further out would turn it into what may go out.
    if (refusal !== undefined) throw toConnectError(refusal, "");
    try {
      const response = await next(request);
      if (response.stream) return { ...response, message: translateErrors(response.message, note) };
      keys.worked(authorization);
      return response;
    } catch (error) {
      throw note(error);
    }
  };
}
