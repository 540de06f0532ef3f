import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request of HTTP/1.1 or HTTP/2. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** An answer of HTTP/1.1 or HTTP/2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Answers a request at once and whole, unless an answer has begun. */
export function answer(
  response: NodeResponse,
  status: number,
  { contentType, body }: { contentType: string; body: string },
): void {
  if (response.headersSent || response.writableEnded) return;
  response.statusCode = status;
  response.setHeader("content-type", contentType);
  response.end(body);
}

/** Answers with an error in the form that Connect gives it. */
export function answerError(
  response: NodeResponse,
  status: number,
  error: { code: string; message: string },
): void {
  answer(response, status, { contentType: "application/json", body: JSON.stringify(error) });
}
