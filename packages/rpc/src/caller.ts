import { type ContextValues, createContextKey, type HandlerContext } from "@connectrpc/connect";
import { AppError, invalid } from "@posthorn/errors";
import type { Authority } from "./authority.ts";
import type { Principal } from "./principal.ts";

/** What the interceptors found out about a call. */
export interface Caller {
  readonly principal: Principal;
  readonly authority: Authority;
  /** Whether naming an unknown workspace creates it. */
  readonly createsWorkspace: boolean;
  /** The workspace of the request, once it is known. */
  workspaceId: string | undefined;
  /** What the request calls its workspace, where the handler has to see to it that it is there. */
  namedWorkspace: string | undefined;
}

const callerKey = createContextKey<Caller | undefined>(undefined, { description: "caller" });

const workspacePattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Notes who calls. */
export function setCaller(values: ContextValues, caller: Caller): void {
  values.set(callerKey, caller);
}

/** Gives what is known of the caller; undefined before the auth interceptor. */
export function callerOf(values: ContextValues): Caller | undefined {
  return values.get(callerKey);
}

/** Gives who calls. Throws a defect in a call that passed no auth interceptor. */
export function principalOf(context: HandlerContext): Principal {
  return requireCaller(context).principal;
}

/**
 * Gives the id (`ws_` + 26 characters) of the workspace that the request names, or else that the
 * key belongs to. Throws a defect when there is neither.
 */
export function workspaceIdOf(context: HandlerContext): string {
  const { workspaceId } = requireCaller(context);
  if (workspaceId !== undefined) return workspaceId;
  throw new Error(`${context.method.toString()} was called without a workspace`);
}

/**
 * Gives the id of the workspace that the request names, like `workspaceIdOf`, for methods that may
 * create it. A handler asks once its own checks have passed: what is refused creates no workspace.
 * Throws `not_found` when there is none that the key may use.
 */
export async function ensureWorkspaceOf(context: HandlerContext): Promise<string> {
  const caller = requireCaller(context);
  const { namedWorkspace } = caller;
  if (namedWorkspace !== undefined) {
    caller.workspaceId = await resolveWorkspace(caller, namedWorkspace);
    caller.namedWorkspace = undefined;
  }
  return workspaceIdOf(context);
}

/**
 * Gives the id of the workspace that the request names, like `workspaceIdOf`, for methods that may
 * create it but will not: throws `not_found` when there is none.
 */
export async function findWorkspaceOf(context: HandlerContext): Promise<string> {
  const caller = requireCaller(context);
  const { namedWorkspace } = caller;
  if (namedWorkspace === undefined) return workspaceIdOf(context);
  return await resolveWorkspace(caller, namedWorkspace, false);
}

/**
 * Gives the id of a workspace that a message of a stream names by id or alias, under the same
 * rules as for unary calls. Throws `not_found` when there is none that the key may use, or, with
 * `create` false, when there is none yet.
 */
export function resolveWorkspaceOf(
  context: HandlerContext,
  workspace: string,
  create = true,
): Promise<string> {
  return resolveWorkspace(requireCaller(context), workspace, create);
}

/** Tells whether the caller's naming an unknown workspace creates it. */
export function mayCreate({ principal, createsWorkspace }: Caller): boolean {
  return principal.level === "operator" && createsWorkspace;
}

/** Resolves a workspace for a caller; another tenant's is as unknown as one that never was. */
export async function resolveWorkspace(
  caller: Caller,
  workspace: string,
  create = true,
): Promise<string> {
  const { principal, authority } = caller;
  const own = principal.workspaceId;
  if (own !== undefined && workspace === own) return own;
  if (!workspacePattern.test(workspace)) {
    throw invalid("workspace", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -");
  }
  const { provider } = principal;
  const id = await authority.resolveWorkspace({
    provider,
    workspace,
    create: create && mayCreate(caller),
  });
  const isTheirs = id !== undefined && (principal.level === "operator" || id === own);
  if (isTheirs) return id;
  throw new AppError("not_found", `workspace ${workspace} was not found`);
}

function requireCaller(context: HandlerContext): Caller {
  const caller = callerOf(context.values);
  if (caller !== undefined) return caller;
  throw new Error(`${context.method.toString()} was called without the auth interceptor`);
}
