import type { FieldProblem } from "@posthorn/errors";
import { refuseProblems } from "./problems.ts";

/** Whose doors a key opens: the instance's, one provider's, one workspace's. */
export type KeyLevel = "admin" | "operator" | "workspace";

/** A key to make. */
export interface ApiKeyDraft {
  readonly level: KeyLevel;
  /** Undefined for admin keys. */
  readonly provider: string | undefined;
  /** `ws_` + 26 characters; workspace keys only. */
  readonly workspaceId: string | undefined;
  /** Workspace keys only. */
  readonly scopes: readonly string[];
  /** Undefined: never. */
  readonly expireAt: Date | undefined;
}

/** A key as it is stored: never its text. */
export interface ApiKey extends ApiKeyDraft {
  /** `key_` + 26 characters. */
  readonly id: string;
  /** The key's first characters. */
  readonly hint: string;
  readonly createdAt: Date;
}

/** A key that a caller shows. */
export interface ShownKey extends ApiKey {
  /** Which other system's REST API its provider's keys may use. Empty: none. */
  readonly compat: string;
}

/** Gives the part of a key that may be shown: its prefix and four characters. */
export function hintOf(key: string, prefix: string): string {
  return key.slice(0, prefix.length + 4);
}

/** Checks what a caller asks of a key. Throws `invalid` naming `scopes` or `expireTime`. */
export function checkApiKey(draft: Omit<ApiKeyDraft, "workspaceId">, now: Date): void {
  refuseProblems([...scopeProblems(draft), ...expiryProblems(draft.expireAt, now)]);
}

function scopeProblems({ level, scopes }: Omit<ApiKeyDraft, "workspaceId">): FieldProblem[] {
  if (level === "workspace" && scopes.length === 0) {
    return [{ field: "scopes", description: "a workspace key needs at least one" }];
  }
  if (level !== "workspace" && scopes.length > 0) {
    return [{ field: "scopes", description: "only a workspace key has scopes" }];
  }
  return [];
}

function expiryProblems(expireAt: Date | undefined, now: Date): FieldProblem[] {
  if (expireAt === undefined || expireAt > now) return [];
  return [{ field: "expireTime", description: "must be in the future" }];
}
