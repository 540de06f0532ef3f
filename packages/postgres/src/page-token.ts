import { createHmac, timingSafeEqual } from "node:crypto";
import { invalid } from "@posthorn/errors";

/** Makes and checks page tokens. */
export interface PageTokens {
  /**
   * Gives the token of a place in a list. `scope` says which list it is, tenant and filters
   * together; `position` is the last row's sort key. URL-safe characters only.
   */
  encode(input: { scope: string; position: readonly string[] }): string;
  /** Gives the position back. Throws `invalid` on pageToken unless we made it for this scope. */
  decode(token: string, scope: string): readonly string[];
}

const keyBytesMin = 32;
/** Half of a SHA-256, which RFC 2104 section 5 allows. */
const macBytes = 16;
const tokenLengthMax = 1_024;

/**
 * Gives the page tokens of one key (at least 32 secret bytes, the same in every process). A token
 * is base64url of a MAC over scope and position, then the position; it is signed, not sealed.
 */
export function pageTokens(key: Uint8Array): PageTokens {
  if (key.length < keyBytesMin)
    throw new Error(`a page token key has ${keyBytesMin} bytes or more`);
  const macOf = (scope: string, payload: Uint8Array) =>
    createHmac("sha256", key)
      .update(`page ${Buffer.byteLength(scope)} ${scope}`)
      .update(payload)
      .digest()
      .subarray(0, macBytes);
  return {
    encode({ scope, position }) {
      const payload = Buffer.from(JSON.stringify(position));
      const token = Buffer.concat([macOf(scope, payload), payload]).toString("base64url");
      if (token.length > tokenLengthMax) throw new Error("a page token's position is too long");
      return token;
    },
    decode(token, scope) {
      const bytes = bytesOf(token);
      const payload = bytes.subarray(macBytes);
      if (!timingSafeEqual(bytes.subarray(0, macBytes), macOf(scope, payload))) throw refused();
      // Ours, so it is what encode wrote.
      return JSON.parse(payload.toString()) as readonly string[];
    },
  };
}

/** Refuses what base64url decoders let pass: foreign characters, padding, loose last bits. */
function bytesOf(token: string): Buffer {
  const bytes = Buffer.from(token.slice(0, tokenLengthMax + 1), "base64url");
  if (bytes.length <= macBytes || bytes.toString("base64url") !== token) throw refused();
  return bytes;
}

function refused(): Error {
  return invalid("pageToken", "is not a page token of this list");
}
