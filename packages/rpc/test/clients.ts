import { AppError } from "@posthorn/errors";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { SubscriptionSyncService } from "@posthorn/proto/posthorn/internal/subscription/v1/subscription_sync_service";
import { ProviderService } from "@posthorn/proto/posthorn/subscription/v1/provider_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import { WorkspaceService } from "@posthorn/proto/posthorn/subscription/v1/workspace_service";
import { logger } from "@posthorn/runtime";
import {
  appClient,
  ensureWorkspaceOf,
  localTransport,
  principalOf,
  type Routes,
  type ServerInterceptorOptions,
  serverInterceptors,
  workspaceIdOf,
} from "../src/index.ts";
import { fixtureAuthority, serviceKey } from "./fixture.ts";

/** Handlers that tell who called and for whom, in a field of the answer. */
const routes: Routes = (router) =>
  router
    .service(ProviderService, { listProviders: () => ({}), getOwnProvider: () => ({}) })
    .service(WorkspaceService, { listWorkspaces: () => ({}) })
    .service(SubscriptionSyncService, {
      checkKey: (_request, context) => ({ keyId: principalOf(context).keyId }),
      resolveWorkspace: ({ workspace }) => ({ workspaceId: workspace }),
    })
    .service(WebhookService, {
      getWebhook: (_request, context) => ({ name: workspaceIdOf(context) }),
      createWebhook: async (_request, context) => ({ name: await ensureWorkspaceOf(context) }),
    })
    .service(PublishService, {
      async publishEvent({ event }, context) {
        if (event?.type === "unknown") throw new AppError("invalid", "there is no such type");
        return { id: await ensureWorkspaceOf(context) };
      },
    });

/** Clients of those handlers, behind our server interceptors. */
export function clients(options: Partial<ServerInterceptorOptions> = {}) {
  const log = logger({ name: "test", level: "silent" });
  const interceptors = serverInterceptors({
    authority: fixtureAuthority(),
    serviceKey,
    log,
    ...options,
  });
  const transport = localTransport(routes, { interceptors });
  return {
    providers: appClient(ProviderService, transport),
    workspaces: appClient(WorkspaceService, transport),
    sync: appClient(SubscriptionSyncService, transport),
    webhooks: appClient(WebhookService, transport),
    publish: appClient(PublishService, transport),
  };
}

/** Call options that show a key. */
export function bearer(key: string) {
  return { headers: { authorization: `Bearer ${key}` } };
}

/** `ok`, or the reason of the refusal; anything else that failed in its own words. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "ok";
  } catch (error) {
    return error instanceof AppError ? error.reason : String(error);
  }
}
