import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { transaction } from "@posthorn/postgres";
import {
  type ApplyProviderRequest,
  type ApplyProviderResponse,
  ApplyProviderResponseSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import type { Deps } from "../deps.ts";
import { mintOperatorKey } from "../mint-key.ts";
import { requireMessage } from "../require.ts";
import { applyFile, checkEventTypes, type Plan, planFile } from "./apply-file.ts";
import { providerDiff } from "./provider-diff.ts";
import { toMessage, toSettingsMessage } from "./provider-message.ts";
import { readProviderFile } from "./read-file.ts";

/** Applies a provider file, or tells what that would change; a new provider gets its first key. */
export async function applyProvider(
  { db, masterKey }: Deps,
  request: ApplyProviderRequest,
): Promise<ApplyProviderResponse> {
  const file = readProviderFile(requireMessage(request.file, "file"));
  await checkEventTypes(db, file);
  if (request.validateOnly) return preview(await planFile(db, file));
  const { allowBreaking } = request;
  return await transaction(db, async (tx) => {
    const applied = await applyFile(tx, masterKey, { file, allowBreaking });
    const { provider, stored } = applied;
    const operatorKey = stored === undefined ? await mintOperatorKey(tx, provider) : "";
    return toResponse(applied, { provider: toMessage(provider), operatorKey });
  });
}

function preview(plan: Plan): ApplyProviderResponse {
  const { stored, file } = plan;
  const provider = stored
    ? toMessage({ ...stored, ...file.settings })
    : toSettingsMessage(file.settings);
  return toResponse(plan, { provider });
}

function toResponse(
  { file, stored, storedEventTypes, changes, breaks }: Plan,
  answer: MessageInitShape<typeof ApplyProviderResponseSchema>,
): ApplyProviderResponse {
  const before = stored && { settings: stored, eventTypes: storedEventTypes };
  return create(ApplyProviderResponseSchema, {
    ...answer,
    changes: [...changes.names],
    diff: providerDiff(file, before, changes),
    breaking: breaks.map(({ field, description }) => `${field}: ${description}`),
  });
}
