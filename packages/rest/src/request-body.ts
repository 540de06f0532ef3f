import { Code } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { headerOf, type RequestHeaders } from "./headers.ts";
import type { StreamedBody } from "./rest-request.ts";
import { type Route, streamsRequests } from "./route.ts";
import type { HttpProblem } from "./status.ts";

/**
 * Gathers a body. Throws `too_large` as soon as more than `bytesMax` have come, and reads no
 * further.
 */
export async function readBody(
  body: Uint8Array | StreamedBody,
  bytesMax: number,
): Promise<Uint8Array> {
  if (body instanceof Uint8Array) {
    if (body.length > bytesMax) throw tooLarge(bytesMax);
    return body;
  }
  if (body.whole !== undefined) {
    const bytes = await body.whole(bytesMax);
    if (bytes === undefined) throw tooLarge(bytesMax);
    return bytes;
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length);
}

/** The refusal of a body that is larger than allowed. */
export function tooLarge(bytesMax: number): AppError {
  return new AppError("too_large", `the body has more than ${bytesMax} bytes`);
}

/**
 * Checks what a body claims to be. No content type counts as JSON, since many small clients send
 * none; a type without a body says nothing, and some clients always send one. A coded body is
 * refused, because inflating it would be work that the sender does not share.
 */
export function checkMediaType(
  { body, method }: Route,
  headers: RequestHeaders,
): HttpProblem | undefined {
  if (headerOf(headers, "content-length") === "0") return undefined;
  const contentType = headerOf(headers, "content-type");
  const contentEncoding = headerOf(headers, "content-encoding");
  if (contentEncoding !== "" && contentEncoding.toLowerCase() !== "identity") {
    return unsupportedType("the body may not be compressed");
  }
  if (contentType === "" || body.kind === "bytes" || body.kind === "none") return undefined;
  const isStream = streamsRequests(method);
  if (isJsonType(contentType, isStream)) return undefined;
  return unsupportedType(
    `the body must be ${isStream ? "application/x-ndjson" : "application/json"}`,
  );
}

function isJsonType(contentType: string, isStream: boolean): boolean {
  const [type = "", ...parameters] = contentType.toLowerCase().split(";");
  const isLines = isStream && type.trim() === "application/x-ndjson";
  if (!isLines && type.trim() !== "application/json") return false;
  const charset = parameters.map((it) => it.trim()).find((it) => it.startsWith("charset="));
  return charset === undefined || /^charset="?utf-?8"?$/.test(charset);
}

/** The refusal of a body that is not of a type to be read. */
export function unsupportedType(message: string): HttpProblem {
  return {
    status: 415,
    code: Code.InvalidArgument,
    reason: "UNSUPPORTED_MEDIA_TYPE",
    message,
    headers: { accept: "application/json" },
  };
}
