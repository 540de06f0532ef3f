import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import {
  type ApiKey as ApiKeyMessage,
  ApiKeySchema,
} from "@posthorn/proto/posthorn/subscription/v1/api_key";
import type {
  ApiKeyService,
  CreateApiKeyRequest,
} from "@posthorn/proto/posthorn/subscription/v1/api_key_service";
import { ensureWorkspaceOf, principalOf } from "@posthorn/rpc";
import { type ApiKey, checkApiKey, type KeyLevel } from "../domain/api-key.ts";
import { keyPrefixOf } from "../domain/provider.ts";
import { deleteApiKey, getApiKey, listApiKeys } from "../store/api-keys.ts";
import type { Deps } from "./deps.ts";
import { mintKey } from "./mint-key.ts";
import { readPage } from "./page.ts";
import { requireProvider } from "./require.ts";

/** The handlers of ApiKeyService. */
export function apiKeyService({ db, pageTokens }: Deps): ServiceImpl<typeof ApiKeyService> {
  return {
    async createApiKey(request, context) {
      const draft = toDraft(request, context);
      checkApiKey(draft, new Date());
      const isConfined = draft.level === "workspace";
      const workspaceId = isConfined ? await ensureWorkspaceOf(context) : undefined;
      const provider = await requireProvider(db, draft.provider);
      const { key, stored } = await mintKey(db, { ...draft, workspaceId }, keyPrefixOf(provider));
      return { ...toMessage(stored), key };
    },

    async getOwnApiKey(_, context) {
      const { provider, keyId } = principalOf(context);
      const key = await getApiKey(db, { provider, id: keyId });
      // What was said of the key may be some seconds old.
      if (!key) throw new AppError("unauthenticated", "the key is unknown, revoked or expired");
      return toMessage(key);
    },

    async listApiKeys(request, context) {
      const { provider } = principalOf(context);
      const { items, nextPageToken } = await readPage({
        tokens: pageTokens,
        scope: `keys of ${provider}`,
        request,
        list: (before, countMax) => listApiKeys(db, { provider, before, countMax }),
        positionOf: (key) => key.id,
      });
      return { apiKeys: items.map(toMessage), nextPageToken };
    },

    async deleteApiKey({ apiKey: id }, context) {
      const { provider } = principalOf(context);
      if (!(await deleteApiKey(db, { provider, id }))) {
        throw new AppError("not_found", `key ${id} was not found`);
      }
      return {};
    },
  };
}

function toDraft(request: CreateApiKeyRequest, context: HandlerContext) {
  const level: KeyLevel = request.workspace === "" ? "operator" : "workspace";
  return {
    level,
    provider: principalOf(context).provider,
    scopes: request.scopes,
    expireAt: request.expireTime && timestampDate(request.expireTime),
  };
}

function toMessage(key: ApiKey): ApiKeyMessage {
  return create(ApiKeySchema, {
    id: key.id,
    hint: key.hint,
    provider: key.provider ?? "",
    workspace: key.workspaceId ?? "",
    scopes: [...key.scopes],
    createTime: timestampFromDate(key.createdAt),
    expireTime: key.expireAt && timestampFromDate(key.expireAt),
  });
}
