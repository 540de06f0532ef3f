import type { Transport } from "@connectrpc/connect";
import { HookService } from "@posthorn/proto/posthorn/compat/tracktile/v1/hook_service";
import { Up42WebhookService } from "@posthorn/proto/posthorn/compat/up42/v1/up42_webhook_service";
import type { Routes } from "@posthorn/rpc";
import { posthorn } from "./rpc/posthorn.ts";
import { hookService } from "./rpc/tracktile/hook-service.ts";
import { up42WebhookService } from "./rpc/up42/up42-webhook-service.ts";

/** Where Posthorn's own API is. Calls bear the caller's key, so no key of ours is needed. */
export interface CompatDeps {
  readonly subscription: Transport;
  readonly delivery: Transport;
}

/** The compat service: other systems' REST APIs, in front of Posthorn's own. */
export interface CompatService {
  /** HookService (Tracktile) and Up42WebhookService. */
  readonly routes: Routes;
}

/** Wires the service. It keeps nothing and runs nothing by itself. */
export function compatService(deps: CompatDeps): CompatService {
  const own = posthorn(deps);
  return {
    routes(router) {
      router.service(HookService, hookService(own));
      router.service(Up42WebhookService, up42WebhookService(own));
    },
  };
}
