import { AppError, invalid } from "@posthorn/errors";
import type { Kysely } from "kysely";
import type { Provider } from "../domain/provider.ts";
import type { Database } from "../store/database.ts";
import { getProvider } from "../store/providers.ts";

/** Gives a message that a request must bear. Throws `invalid` naming it when it is absent. */
export function requireMessage<T>(message: T | undefined, field: string): T {
  if (message === undefined) throw invalid(field, "is required");
  return message;
}

/** Gives what was found. Throws `not_found` when it is undefined. */
export function requireFound<T>(found: T | undefined, kind: string, name: string): T {
  if (found === undefined) throw new AppError("not_found", `${kind} ${name} was not found`);
  return found;
}

/** Gives a provider. Throws `not_found` when there is none of that name. */
export async function requireProvider(db: Kysely<Database>, name: string): Promise<Provider> {
  return requireFound(await getProvider(db, name), "provider", name);
}
