export { hashKey, isWellFormedKey, newApiKey } from "./api-key.ts";
export type { Authority, WorkspaceQuery } from "./authority.ts";
export {
  ensureWorkspaceOf,
  findWorkspaceOf,
  principalOf,
  resolveWorkspaceOf,
  workspaceIdOf,
} from "./caller.ts";
export { appClient } from "./client.ts";
export { type FailedKeys, type FailedKeysOptions, failedKeys } from "./failed-keys.ts";
export { failedKeysInterceptor } from "./interceptors/failed-keys.ts";
export { requestIdOf } from "./interceptors/log.ts";
export { checkMessage } from "./interceptors/validate.ts";
export { type LocalTransportOptions, localTransport } from "./local-transport.ts";
export { peerValues } from "./peer.ts";
export { hasScope, type Principal } from "./principal.ts";
export { type RemoteAuthorityOptions, remoteAuthority } from "./remote-authority.ts";
export {
  type RemoteTransport,
  type RemoteTransportOptions,
  remoteTransport,
} from "./remote-transport.ts";
export type { Routes } from "./routes.ts";
export { type RpcServerOptions, rpcServer } from "./rpc-server.ts";
export { strictJson } from "./server/strict-json.ts";
export { type ServerInterceptorOptions, serverInterceptors } from "./server-interceptors.ts";
export { withServiceKey } from "./service-key.ts";
