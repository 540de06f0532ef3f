import type { Interceptor } from "@connectrpc/connect";
import { toConnectError } from "@posthorn/errors";
import { translateErrors } from "../stream.ts";
import { requestIdKey } from "./log.ts";

/** Turns what handlers and inner interceptors throw into what may go out. */
export const errorsInterceptor: Interceptor = (next) => async (request) => {
  const translate = (error: unknown) =>
    toConnectError(error, request.contextValues.get(requestIdKey));
  try {
    const response = await next(request);
    if (!response.stream) return response;
    return { ...response, message: translateErrors(response.message, translate) };
  } catch (error) {
    throw translate(error);
  }
};
