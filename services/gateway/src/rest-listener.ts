import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { type ErrorShape, type RestHandler, refuse } from "@posthorn/rest";
import type { FailedKeys } from "@posthorn/rpc";
import type { Logger } from "@posthorn/runtime";
import type { HttpMetrics } from "./http-metrics.ts";
import { keyLimited } from "./key-limit.ts";
import { askRest, sendAnswer } from "./rest-bridge.ts";

/** What REST is answered with. */
export interface RestListenerOptions {
  readonly rest: RestHandler;
  /** The shape of the errors at a URL that does not come to `rest`. */
  errorShapeAt(url: string): ErrorShape | undefined;
  /** Shared by all ways in. */
  readonly failedKeys: FailedKeys;
  readonly counted: HttpMetrics;
  readonly log: Logger;
  /** Cuts streams off. */
  readonly stop: AbortSignal;
}

/** Gives what answers requests whose heads are in order as REST: unknown paths and methods, too. */
export function restListener(options: RestListenerOptions): RequestListener {
  const { rest, errorShapeAt, failedKeys: keys, counted, log, stop } = options;
  return (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error }, "request failed");
      const refusal = refuse(error, "", errorShapeAt(request.url ?? "/"));
      return sendAnswer(refusal, { request, response, stop });
    });
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await keyLimited(request, {
      keys,
      shapeOf: () => errorShapeAt(request.url ?? "/"),
      ask: () => askRest(rest, request, response),
    });
    counted.note(response, answer);
    await sendAnswer(answer, { request, response, stop });
  }
}

/** Paths that mean to Fastify what they mean to us. */
const plainPath = /^[/A-Za-z0-9._~:@!$&'()*+,=-]*$/;

/** Content types that Fastify takes for what they are, and leaves to REST. */
const plainType = /^[a-z]+\/[a-z0-9.+-]+(; ?charset=[a-z0-9-]+)?$/i;

/**
 * Tells whether Fastify would do nothing with a request but hand it on to REST. `paths` are those
 * that it has routes for.
 */
export function isOnlyForRest(
  { url = "/", headers }: IncomingMessage,
  paths: ReadonlySet<string>,
): boolean {
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  const type = headers["content-type"];
  return plainPath.test(path) && !paths.has(path) && (type === undefined || plainType.test(type));
}
