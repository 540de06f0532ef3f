import type { ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { transaction } from "@posthorn/postgres";
import type { ProviderService } from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import { principalOf } from "@posthorn/rpc";
import {
  deleteProvider,
  hasWorkspaces,
  listProviders,
  lockProvider,
} from "../../store/providers.ts";
import type { Deps } from "../deps.ts";
import { readPage } from "../page.ts";
import { requireFound, requireProvider } from "../require.ts";
import { applyProvider } from "./apply-provider.ts";
import { toMessage } from "./provider-message.ts";
import { updateOwnProvider } from "./update-own-provider.ts";

/** The handlers of ProviderService. */
export function providerService(deps: Deps): ServiceImpl<typeof ProviderService> {
  const { db, pageTokens } = deps;
  return {
    applyProvider: (request) => applyProvider(deps, request),
    updateOwnProvider: (request, context) => updateOwnProvider(deps, request, context),

    async getProvider({ provider }) {
      return toMessage(await requireProvider(db, provider));
    },

    async getOwnProvider(_, context) {
      return toMessage(await requireProvider(db, principalOf(context).provider));
    },

    async listProviders(request) {
      const { items, nextPageToken } = await readPage({
        tokens: pageTokens,
        scope: "providers",
        request,
        list: (after = "", countMax) => listProviders(db, { after, countMax }),
        positionOf: (provider) => provider.name,
      });
      return { providers: items.map(toMessage), nextPageToken };
    },

    async deleteProvider({ provider: name }) {
      await transaction(db, async (tx) => {
        requireFound(await lockProvider(tx, name), "provider", name);
        if (await hasWorkspaces(tx, name)) {
          throw new AppError("precondition", `provider ${name} still has workspaces`);
        }
        await deleteProvider(tx, name);
      });
      return {};
    },
  };
}
