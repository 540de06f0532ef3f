/** Who calls: what a key, or the service key, stands for. */
export interface Principal {
  /** `key_` + 26 characters; `service` for the service key. */
  readonly keyId: string;
  /** `admin` is the instance's, `operator` one provider's, `workspace` one workspace's key. */
  readonly level: "admin" | "operator" | "workspace" | "service";
  /** The provider's name; empty for admin and service. */
  readonly provider: string;
  /** `ws_` + 26 characters; workspace keys only. */
  readonly workspaceId?: string;
  /** Workspace keys only. A scope without `:read` includes its reading form. */
  readonly scopes: readonly string[];
  /** Which other system's REST API the provider's keys may use, such as `up42`; empty for none. */
  readonly compat: string;
}

/** Tells whether the principal may act in a scope such as `webhooks:read`; operators always may. */
export function hasScope(principal: Principal, scope: string): boolean {
  if (principal.level !== "workspace") return true;
  if (principal.scopes.includes(scope)) return true;
  return scope.endsWith(":read") && principal.scopes.includes(scope.slice(0, -":read".length));
}
