import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

/** What a program under test answered, or why it did not. */
export type Answer =
  | { readonly statusCode: number; readonly tookMs: number }
  | { readonly problem: string; readonly tookMs: number };

/** As long as the longest that a webhook may ask for. */
const timeoutMs = 30_000;

/** POSTs a body, byte by byte as it is, with these headers. Never throws for what answers. */
export async function forward(
  url: string,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: Uint8Array },
  stop: AbortSignal,
): Promise<Answer> {
  const startedAtMs = performance.now();
  const tookMs = () => Math.round(performance.now() - startedAtMs);
  try {
    const statusCode = await post(url, { headers, body }, stop);
    return { statusCode, tookMs: tookMs() };
  } catch (error) {
    return { problem: wordsFor(error), tookMs: tookMs() };
  }
}

function post(
  url: string,
  { headers, body }: { headers: Readonly<Record<string, string>>; body: Uint8Array },
  stop: AbortSignal,
): Promise<number> {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  const signal = AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]);
  const all = { ...headers, "content-length": String(body.length) };
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method: "POST", headers: all, signal, agent: false },
      (response) => {
        response.on("error", reject);
        response.on("end", () => resolve(response.statusCode ?? 0));
        response.resume();
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

function wordsFor(error: unknown): string {
  if (error instanceof AggregateError) return wordsFor(error.errors[0]);
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "ECONNREFUSED":
      return "nobody listens there";
    case "ABORT_ERR":
      return `no answer within ${timeoutMs / 1_000} s`;
    case "ECONNRESET":
      return "the connection broke";
    case "ENOTFOUND":
      return "there is no such host";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
