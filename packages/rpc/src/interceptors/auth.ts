import { timingSafeEqual } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { hashKey, isWellFormedKey } from "../api-key.ts";
import type { Authority } from "../authority.ts";
import { setCaller } from "../caller.ts";
import type { Principal } from "../principal.ts";
import { type Access, accessOf, checkAccess } from "./access.ts";

/** What the auth interceptor asks. */
export interface AuthOptions {
  readonly authority: Authority;
  /** Opens the methods of LEVEL_SERVICE; when empty, they are closed. */
  readonly serviceKey: string;
}

const service: Principal = {
  keyId: "service",
  level: "service",
  provider: "",
  scopes: [],
  compat: "",
};

/**
 * Finds out who calls and whether they may, by the method's access option; fails closed. Throws
 * `unauthenticated` and `forbidden`, and what the authority throws.
 */
export function authInterceptor({ authority, serviceKey }: AuthOptions): Interceptor {
  const accesses = new Map<DescMethod, Access | undefined>();
  const isServiceKey = keyChecker(serviceKey);
  const identify = async (key: string, access: Access): Promise<Principal> => {
    if (access.level === "service" && isServiceKey(key)) return service;
    const principal = isWellFormedKey(key) ? await authority.checkKey(key) : undefined;
    if (principal !== undefined) return principal;
    throw new AppError("unauthenticated", "the key is unknown, revoked or expired");
  };
  return (next) => async (request) => {
    const { method } = request;
    if (!accesses.has(method)) accesses.set(method, accessOf(method));
    const access = accesses.get(method);
    const key = bearerOf(request.header);
    if (access === undefined) throw new AppError("forbidden", "this method is closed to everyone");
    const principal = await identify(key, access);
    checkAccess(principal, access);
    const { createsWorkspace } = access;
    const workspaceId = principal.workspaceId;
    setCaller(request.contextValues, {
      principal,
      authority,
      createsWorkspace,
      workspaceId,
      namedWorkspace: undefined,
    });
    return await next(request);
  };
}

function bearerOf(header: Headers): string {
  const key = /^Bearer +(\S+)$/i.exec(header.get("authorization") ?? "")?.[1];
  if (key !== undefined) return key;
  throw new AppError(
    "unauthenticated",
    "a key is needed: send the header Authorization: Bearer KEY",
  );
}

/** Compares in constant time, by hashes, so that neither content nor length shows. */
function keyChecker(expected: string): (key: string) => boolean {
  const hash = hashKey(expected);
  return (key) => expected !== "" && timingSafeEqual(hashKey(key), hash);
}
