import { type ContextValues, createContextKey, createContextValues } from "@connectrpc/connect";
import type { NodeRequest } from "./server/node-http.ts";

const peerKey = createContextKey("", { description: "peer" });

/** Gives a call's first context values: they know the address of the socket, and trust no header. */
export function peerValues(request: Pick<NodeRequest, "socket">): ContextValues {
  return createContextValues().set(peerKey, request.socket?.remoteAddress ?? "");
}

/** Gives the address at the other end of the caller's connection; empty when it is not known. */
export function peerOf(values: ContextValues): string {
  return values.get(peerKey);
}
