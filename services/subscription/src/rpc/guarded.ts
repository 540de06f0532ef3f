import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { isUnavailable } from "@posthorn/postgres";
import { refuseProblems } from "../domain/problems.ts";
import { textProblems } from "../domain/storable-text.ts";

type Unary = (request: unknown, context: HandlerContext) => unknown;

/**
 * Gives the handlers of a service whose methods are all unary, each behind two walls: texts that
 * Postgres cannot hold are `invalid`, and a database that is away is `unavailable`.
 */
export function guarded<S extends DescService>(
  service: S,
  handlers: ServiceImpl<S>,
): ServiceImpl<S> {
  const guard = (method: DescMethod) => {
    const name = method.localName as keyof S["method"];
    // ServiceImpl has a handler for each method, and these are unary.
    const handler = handlers[name] as Unary;
    return [name, guardedHandler(handler)];
  };
  return Object.fromEntries(service.methods.map(guard)) as ServiceImpl<S>;
}

function guardedHandler(handler: Unary): Unary {
  return (request, context) => {
    refuseProblems(textProblems(request, ""));
    return whileAvailable(async () => await handler(request, context));
  };
}

/** Runs something against the database. Throws `unavailable` when that is away for a while. */
export async function whileAvailable<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    throw new AppError("unavailable", "the database is away", {
      retryAfterMs: 1_000,
      cause: error,
    });
  }
}
