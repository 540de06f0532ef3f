import type { Interceptor } from "@connectrpc/connect";
import { AppError, toConnectError } from "@posthorn/errors";
import { translateErrors } from "../stream.ts";
import { requestIdKey } from "./log.ts";

/** What the errors interceptor asks. */
export interface ErrorsOptions {
  /**
   * Tells whether an error means that what the handlers rely on, such as their database, is away
   * for a while; without it none does.
   */
  isUnavailable?(error: unknown): boolean;
}

const retryAfterMs = 1_000;

/**
 * Turns what handlers and inner interceptors throw into what may go out: a refusal of theirs as it
 * is, `unavailable` for an outage, and for a defect no more than the request id.
 */
export function errorsInterceptor({ isUnavailable }: ErrorsOptions): Interceptor {
  const toRefusal = (cause: unknown) => {
    if (isUnavailable?.(cause) !== true) return cause;
    const message = "the service cannot work at the moment, try again";
    return new AppError("unavailable", message, { retryAfterMs, cause });
  };
  return (next) => async (request) => {
    const translate = (error: unknown) =>
      toConnectError(toRefusal(error), request.contextValues.get(requestIdKey));
    try {
      const response = await next(request);
      if (!response.stream) return response;
      return { ...response, message: translateErrors(response.message, translate) };
    } catch (error) {
      throw translate(error);
    }
  };
}
