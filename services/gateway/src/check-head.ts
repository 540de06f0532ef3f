import type { IncomingMessage } from "node:http";
import { Code } from "@connectrpc/connect";
import type { HttpProblem } from "@posthorn/rest";
import { bodyBytesMax, headerCountMax } from "./limits.ts";
import { hasKeyInQuery } from "./query-key.ts";

/** Checks what is to be known of a request before anything is read of its body. */
export function checkHead({ rawHeaders, headers, url = "" }: IncomingMessage) {
  if (rawHeaders.length / 2 > headerCountMax) return tooManyHeaders;
  if (Number(headers["content-length"] ?? 0) > bodyBytesMax) return tooLargeBody;
  const query = url.indexOf("?");
  return query >= 0 && hasKeyInQuery(url.slice(query + 1)) ? keyInQuery : undefined;
}

const tooManyHeaders: HttpProblem = {
  status: 431,
  code: Code.ResourceExhausted,
  reason: "HEAD_TOO_LARGE",
  message: `a request has at most ${headerCountMax} headers`,
};

const tooLargeBody: HttpProblem = {
  status: 413,
  code: Code.InvalidArgument,
  reason: "TOO_LARGE",
  message: `the body has more than ${bodyBytesMax} bytes`,
};

const keyInQuery: HttpProblem = {
  status: 401,
  code: Code.Unauthenticated,
  reason: "UNAUTHENTICATED",
  message: "a key goes into the header Authorization, never into the query; revoke this one",
  headers: { "www-authenticate": "Bearer" },
};
