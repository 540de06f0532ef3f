import { AppError } from "@posthorn/errors";
import { batchRefusal } from "../domain/batch-check.ts";

/**
 * Waits for what is made of each event of a request. Throws one refusal that names all that is
 * wrong with them; an error that is no event's fault is thrown as it is.
 */
export async function allOrRefusal<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  const refusals = results.flatMap((result) =>
    result.status === "rejected" ? refusalOf(result.reason) : [],
  );
  const refusal = batchRefusal(refusals);
  if (refusal !== undefined) throw refusal;
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

function refusalOf(error: unknown): AppError {
  if (error instanceof AppError && error.fields.length > 0) return error;
  throw error;
}
