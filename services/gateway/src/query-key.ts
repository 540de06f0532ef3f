import { isWellFormedKey } from "@posthorn/rpc";

/** Query parameters that people put keys in, where logs and histories keep them. */
const keyNames = new Set([
  "access_token",
  "accesstoken",
  "api_key",
  "api-key",
  "apikey",
  "authorization",
  "bearer",
  "key",
  "token",
]);

/** Tells whether a query string bears a key, by a parameter's name or by the look of its value. */
export function hasKeyInQuery(query: string): boolean {
  if (query === "") return false;
  return [...new URLSearchParams(query)].some(([name, value]) => {
    return keyNames.has(name.toLowerCase()) || isWellFormedKey(name) || isWellFormedKey(value);
  });
}
