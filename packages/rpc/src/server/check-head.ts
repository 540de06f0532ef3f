import { headBytesMax, headerCountMax } from "./limits.ts";
import type { NodeRequest } from "./node-http.ts";

/** Why a request is refused by its head alone. */
export interface HeadProblem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** Query parameters that people put keys in, where logs and histories keep them. */
const keyParameters = ["key", "api_key", "access_token"];

/** Checks what is to be known before anything is read of a request's body. */
export function checkHead(request: NodeRequest): HeadProblem | undefined {
  const { rawHeaders } = request;
  if (rawHeaders.length / 2 > headerCountMax || sizeOf(request) > headBytesMax) {
    const message = `a head has at most ${headerCountMax} headers and ${headBytesMax} bytes`;
    return { status: 431, code: "resource_exhausted", message };
  }
  if (!hasKeyInQuery(request.url ?? "")) return undefined;
  const message = "a key goes into the header Authorization, never into the query";
  return { status: 400, code: "invalid_argument", message };
}

function sizeOf({ rawHeaders }: NodeRequest): number {
  return rawHeaders.reduce((size, text) => size + text.length, 0);
}

function hasKeyInQuery(url: string): boolean {
  const start = url.indexOf("?");
  if (start < 0) return false;
  const names = [...new URLSearchParams(url.slice(start)).keys()];
  return names.some((name) => keyParameters.includes(name.toLowerCase()));
}
