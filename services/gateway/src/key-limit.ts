import type { IncomingMessage } from "node:http";
import { type ErrorShape, type RestAnswer, refuse } from "@posthorn/rest";
import type { FailedKeys } from "@posthorn/rpc";

/** What a limited request asks, and how it is refused. */
export interface LimitedRequest {
  readonly keys: FailedKeys;
  /** The shape of its errors. */
  shapeOf(): ErrorShape | undefined;
  ask(): Promise<RestAnswer>;
}

/** Asks, and notes whether the key was good, unless its address has tried too many wrong ones. */
export async function keyLimited(
  { headers, socket }: IncomingMessage,
  { keys, shapeOf, ask }: LimitedRequest,
): Promise<RestAnswer> {
  const { authorization } = headers;
  if (authorization === undefined) return await ask();
  const address = socket.remoteAddress ?? "";
  const refusal = keys.refusal(address, authorization);
  if (refusal !== undefined) return { ...refuse(refusal, "", shapeOf()), route: undefined };
  const answer = await ask();
  if (answer.status === 401) keys.failed(address);
  // Nothing but a good key gets a success; a 404, say, tells nothing of it.
  if (answer.status < 300) keys.worked(authorization);
  return answer;
}
