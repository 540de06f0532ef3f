import { create } from "@bufbuild/protobuf";
import { transaction } from "@posthorn/postgres";
import {
  type ApplyProviderRequest,
  type ApplyProviderResponse,
  ApplyProviderResponseSchema,
} from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import type { ProviderFile } from "../../domain/provider-changes.ts";
import type { Deps } from "../deps.ts";
import { mintOperatorKey } from "../mint-key.ts";
import { requireMessage } from "../require.ts";
import { applyFile, checkEventTypes, planFile } from "./apply-file.ts";
import { toMessage, toSettingsMessage } from "./provider-message.ts";
import { readProviderFile } from "./read-file.ts";

/** Applies a provider file, or tells what that would change; a new provider gets its first key. */
export async function applyProvider(
  { db, masterKey }: Deps,
  request: ApplyProviderRequest,
): Promise<ApplyProviderResponse> {
  const file = readProviderFile(requireMessage(request.file, "file"));
  await checkEventTypes(db, file);
  if (request.validateOnly) return await preview(db, file);
  return await transaction(db, async (tx) => {
    const { provider, isNew, changes } = await applyFile(tx, masterKey, file);
    return create(ApplyProviderResponseSchema, {
      provider: toMessage(provider),
      operatorKey: isNew ? await mintOperatorKey(tx, provider) : "",
      changes: [...changes],
    });
  });
}

async function preview(db: Deps["db"], file: ProviderFile): Promise<ApplyProviderResponse> {
  const { stored, changes } = await planFile(db, file);
  const provider = stored
    ? toMessage({ ...stored, ...file.settings })
    : toSettingsMessage(file.settings);
  return create(ApplyProviderResponseSchema, { provider, changes: [...changes.names] });
}
