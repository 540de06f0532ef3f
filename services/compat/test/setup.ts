import { createRouterTransport, type Interceptor, type ServiceImpl } from "@connectrpc/connect";
import { HookService } from "@posthorn/proto/posthorn/compat/tracktile/v1/hook_service";
import { Up42WebhookService } from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import { DeliveryService } from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
import { WebhookTestService } from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
import { WebhookService } from "@posthorn/proto/posthorn/subscription/v1/webhook_service";
import {
  type Authority,
  appClient,
  localTransport,
  newApiKey,
  type Principal,
  serverInterceptors,
  withServiceKey,
} from "@posthorn/rpc";
import { logger } from "@posthorn/runtime";
import { compatService } from "../src/index.ts";

/** Posthorn's own services, by script. */
export interface Scripts {
  readonly webhooks?: Partial<ServiceImpl<typeof WebhookService>>;
  readonly tests?: Partial<ServiceImpl<typeof WebhookTestService>>;
  readonly deliveries?: Partial<ServiceImpl<typeof DeliveryService>>;
}

/** Clients of the compat service in front of such services, with one workspace key. */
export function setup(scripts: Scripts, changed: Partial<Principal> = {}) {
  const key = newApiKey("api-");
  const headers: Headers[] = [];
  const transport = createRouterTransport(
    (router) =>
      router
        .service(WebhookService, scripts.webhooks ?? {})
        .service(WebhookTestService, scripts.tests ?? {})
        .service(DeliveryService, scripts.deliveries ?? {}),
    { router: { interceptors: [seeing(headers)] } },
  );
  const { routes } = compatService({ subscription: transport, delivery: transport });
  const log = logger({ name: "compat test", level: "silent" });
  const authority = authorityOf(changed);
  const interceptors = serverInterceptors({ authority, serviceKey: "", log });
  const local = withServiceKey(localTransport(routes, { interceptors }), key);
  return {
    key,
    /** Of the calls that went on, oldest first. */
    headers,
    hooks: appClient(HookService, local),
    up42: appClient(Up42WebhookService, local),
  };
}

function seeing(headers: Headers[]): Interceptor {
  return (next) => async (request) => {
    headers.push(request.header);
    return await next(request);
  };
}

function authorityOf(changed: Partial<Principal>): Authority {
  const scopes = ["webhooks", "deliveries", "secrets"];
  const own = { keyId: "key_1", provider: "demo", workspaceId: "ws_acme", scopes, compat: "" };
  const principal: Principal = { ...own, level: "workspace", ...changed };
  return {
    checkKey: async () => principal,
    resolveWorkspace: async ({ workspace }) => workspace,
  };
}
