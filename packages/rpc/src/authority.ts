import type { Principal } from "./principal.ts";

/** Which workspace is meant: by its id or alias, among those of one provider. */
export interface WorkspaceQuery {
  readonly provider: string;
  /** `ws_` + 26 characters, or an alias. */
  readonly workspace: string;
  /** Whether to create it under that alias when there is none and the provider allows that. */
  readonly create: boolean;
}

/** Knows keys and workspaces. Both throw `unavailable` when that cannot be told at the moment. */
export interface Authority {
  /** Tells whom a key belongs to; undefined when it is unknown, revoked or expired. */
  checkKey(key: string): Promise<Principal | undefined>;
  /** Gives a workspace's id (`ws_` + 26 characters); undefined when the provider has none such. */
  resolveWorkspace(query: WorkspaceQuery): Promise<string | undefined>;
}
