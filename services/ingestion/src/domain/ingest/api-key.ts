import type { AppError } from "@posthorn/errors";
import { invalid } from "@posthorn/errors";

const keyHeaders = new Set(["authorization", "proxy-authorization", "posthorn-api-key"]);

/**
 * Lists the headers of a record that bear an API key, as they are spelled there: those that are
 * made for one, and any whose value is one. `isKey` tells whether a text is a well-formed key.
 */
export function keyBearingHeaders(
  headers: Readonly<Record<string, Uint8Array>>,
  isKey: (text: string) => boolean,
): readonly string[] {
  return Object.entries(headers)
    .filter(([name, value]) => keyHeaders.has(name.toLowerCase()) || isKey(bareText(value)))
    .map(([name]) => name);
}

function bareText(value: Uint8Array): string {
  // A key has at most 128 characters, so longer values are none, whatever stands before it.
  if (value.length > 200) return "";
  return Buffer.from(value)
    .toString("latin1")
    .trim()
    .replace(/^Bearer\s+/i, "");
}

/** Gives the refusal of a record that bears an API key; its value is told to nobody. */
export function bearsKey(names: readonly string[]): AppError {
  const description = "must not bear an API key: the broker's access rules authenticate producers";
  return invalid(names[0] ?? "authorization", description, "api_key");
}
