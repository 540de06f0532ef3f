import { type IdPrefix, idToUuid } from "@posthorn/runtime";

/** Gives the UUID of an id that we made or checked ourselves. Throws a defect for other text. */
export function requireUuid(prefix: IdPrefix, id: string): string {
  const uuid = idToUuid(prefix, id);
  if (uuid === undefined) throw new Error(`${prefix} id expected, got ${JSON.stringify(id)}`);
  return uuid;
}
