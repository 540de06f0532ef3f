import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, createConnectRouter, type Interceptor } from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Logger } from "@posthorn/runtime";
import { peerValues } from "../peer.ts";
import type { Routes } from "../routes.ts";
import { dropEndlessTimeout } from "./endless-timeout.ts";
import { messageBytesMax } from "./limits.ts";
import { answerError, type NodeRequest, type NodeResponse } from "./node-http.ts";
import { strictJson } from "./strict-json.ts";

/** What the RPCs of a server are made of. */
export interface RpcHandlerOptions {
  readonly routes: Routes;
  readonly interceptors: Interceptor[];
  /** Aborts the calls under way. */
  readonly shutdown: AbortSignal;
  readonly log: Logger | undefined;
}

/** The RPC that a path names, if one does. */
export interface Rpc {
  readonly method: DescMethod;
  serve(request: NodeRequest, response: NodeResponse): void;
}

/** Serves Connect, gRPC and gRPC-Web: gives the RPC of a request's URL. */
export function rpcHandler(options: RpcHandlerOptions): (url: string) => Rpc | undefined {
  const router = createConnectRouter({
    interceptors: options.interceptors,
    shutdownSignal: options.shutdown,
    readMaxBytes: messageBytesMax,
    jsonOptions: strictJson,
    acceptCompression: [compressionGzip, compressionBrotli],
  });
  options.routes(router);
  const rpcs = new Map<string, Rpc>();
  for (const handler of router.handlers) {
    const serve = async (request: NodeRequest, response: NodeResponse) => {
      const call = universalRequestFromNodeRequest(
        request,
        response,
        undefined,
        peerValues(request),
      );
      dropEndlessTimeout(call.header);
      await universalResponseToNodeResponse(await handler(call), response);
    };
    rpcs.set(handler.requestPath, {
      method: handler.method,
      serve(request, response) {
        serve(request, response).catch((error: unknown) => {
          if (isHangUp(error)) return;
          options.log?.warn({ err: error, path: handler.requestPath }, "call broke off");
          const message = "the request is malformed";
          answerError(response, 400, { code: "invalid_argument", message });
        });
      },
    });
  }
  return (url) => rpcs.get(url.split("?", 1)[0] ?? "");
}

function isHangUp(error: unknown): boolean {
  return ConnectError.from(error).code === Code.Aborted;
}
