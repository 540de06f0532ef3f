import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { AppError } from "@posthorn/errors";
import {
  access as accessOption,
  compat as compatOption,
} from "@posthorn/proto/posthorn/type/v1/options";
import { levelName } from "../level.ts";
import { hasScope, type Principal } from "../principal.ts";

/** Who may call a method, as its proto says. */
export interface Access {
  readonly level: Principal["level"];
  /** Empty for none. */
  readonly scope: string;
  readonly createsWorkspace: boolean;
  /** Whose API the method's service stands for; empty for Posthorn's own. */
  readonly compat: string;
}

/** Reads the method's access option; undefined when there is none, and then nobody may call it. */
export function accessOf(method: DescMethod): Access | undefined {
  const option = getOption(method, accessOption);
  const level = levelName(option.level);
  if (level === undefined) return undefined;
  const compat = getOption(method.parent, compatOption);
  return { level, scope: option.scope, createsWorkspace: option.createsWorkspace, compat };
}

/**
 * Throws `forbidden` unless the principal may call a method of that access, and `not_found` for
 * another system's API that is not open to the principal's provider.
 */
export function checkAccess(principal: Principal, access: Access): void {
  if (access.compat !== "" && access.compat !== principal.compat) {
    throw new AppError("not_found", "there is no such path");
  }
  if (!hasLevel(principal.level, access.level)) {
    throw new AppError("forbidden", `this needs ${keyNames[access.level]}`);
  }
  if (access.scope !== "" && !hasScope(principal, access.scope)) {
    throw new AppError("forbidden", `this needs a key with the scope ${access.scope}`);
  }
}

const keyNames: Readonly<Record<Access["level"], string>> = {
  admin: "an admin key",
  operator: "an operator key",
  workspace: "a workspace key or an operator key",
  service: "the service key",
};

/** An admin key is for the instance alone: it has no provider that other methods could act in. */
function hasLevel(has: Principal["level"], needs: Access["level"]): boolean {
  return has === needs || (has === "operator" && needs === "workspace");
}
