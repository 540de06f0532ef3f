import type { HandlerContext } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import {
  type Provider as ProviderMessage,
  ProviderSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider";
import type { UpdateOwnProviderRequest } from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import { checkMessage, principalOf } from "@posthorn/rpc";
import { refuseProblems } from "../../domain/problems.ts";
import type { ProviderSettings } from "../../domain/provider.ts";
import { settingChanges } from "../../domain/provider-changes.ts";
import { retryProblems } from "../../domain/retry-delays.ts";
import { fieldsToUpdate } from "../../domain/update-mask.ts";
import { lockProvider, updateProvider } from "../../store/providers.ts";
import type { Deps } from "../deps.ts";
import { populatedFields } from "../output-only.ts";
import { requireFound, requireMessage } from "../require.ts";
import { toMessage, toSettings } from "./provider-message.ts";

const writable = {
  display_name: "displayName",
  user_agent: "userAgent",
  unknown_event_types: "unknownEventTypes",
  workspaces_must_exist: "workspacesMustExist",
  retry_policy: "retryDelaysMs",
  webhooks_per_workspace_max: "webhooksPerWorkspaceMax",
} as const satisfies Record<string, keyof ProviderSettings>;

type Field = keyof typeof writable;

const rules = {
  prefix: "provider",
  // The keys of a constant object.
  writable: Object.keys(writable) as Field[],
  fixed: ProviderSchema.fields.map(({ name }) => name).filter((name) => !(name in writable)),
};

/** Changes the named settings of the caller's own provider. */
export async function updateOwnProvider(
  { db }: Deps,
  request: UpdateOwnProviderRequest,
  context: HandlerContext,
): Promise<ProviderMessage> {
  const message = requireMessage(request.provider, "provider");
  const populated = populatedFields(ProviderSchema, message);
  const fields = fieldsToUpdate({ paths: request.updateMask?.paths, populated }, rules);
  const draft = toSettings(message);
  const { provider: name } = principalOf(context);
  checkAnnotations({ ...message, name });
  const delaysMs = fields.has("retry_policy") ? draft.retryDelaysMs : undefined;
  refuseProblems(retryProblems(delaysMs, "provider.retryPolicy.delays"));
  const changed = Object.fromEntries(
    [...fields].map((field) => [writable[field], draft[writable[field]]]),
  );
  const provider = await transaction(db, async (tx) => {
    const stored = requireFound(await lockProvider(tx, name), "provider", name);
    const next = { ...stored, ...changed };
    return settingChanges(next, stored).length > 0 ? await updateProvider(tx, next) : stored;
  });
  return toMessage(provider);
}

/** The request's own check leaves the message out, since it names no provider. */
function checkAnnotations(message: ProviderMessage): void {
  try {
    checkMessage(ProviderSchema, message);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    refuseProblems(error.fields.map((it) => ({ ...it, field: `provider.${it.field}` })));
  }
}
