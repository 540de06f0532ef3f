import type { DataDir } from "../data-dir.ts";
import { api } from "./api.ts";

/**
 * Gives the operator key of the data folder. A start without the demo has made none: then the
 * provider is applied now, which answers with one. Undefined when the provider is there and its
 * key is not, as on a database that another data folder belongs to.
 */
export async function operatorKey(
  baseUrl: string,
  { dataDir, file }: { dataDir: DataDir; file: Uint8Array },
): Promise<string | undefined> {
  const known = await dataDir.read("operator-key");
  if (known !== undefined) return known;
  const adminKey = await dataDir.read("admin-key");
  if (adminKey === undefined) return undefined;
  const admin = api(baseUrl, adminKey);
  const text = new TextDecoder().decode(file);
  const { operatorKey: made } = await admin.call("POST", "/v1/providers:apply", text);
  if (typeof made !== "string" || made === "") return undefined;
  await dataDir.write("operator-key", made);
  return made;
}
