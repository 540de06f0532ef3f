export { hashKey, isWellFormedKey, newApiKey } from "./api-key.ts";
export type { Authority, WorkspaceQuery } from "./authority.ts";
export { principalOf, resolveWorkspaceOf, workspaceIdOf } from "./caller.ts";
export { appClient } from "./client.ts";
export { requestIdOf } from "./interceptors/log.ts";
export { checkMessage } from "./interceptors/validate.ts";
export { type LocalTransportOptions, localTransport } from "./local-transport.ts";
export { hasScope, type Principal } from "./principal.ts";
export { type RemoteAuthorityOptions, remoteAuthority } from "./remote-authority.ts";
export {
  type RemoteTransport,
  type RemoteTransportOptions,
  remoteTransport,
} from "./remote-transport.ts";
export type { Routes } from "./routes.ts";
export { type RpcServerOptions, rpcServer } from "./rpc-server.ts";
export { type ServerInterceptorOptions, serverInterceptors } from "./server-interceptors.ts";
export { withServiceKey } from "./service-key.ts";
