import type { ConnectRouter } from "@connectrpc/connect";

/** Puts services onto a router: `(router) => router.service(WebhookService, webhookService(deps))`. */
export type Routes = (router: ConnectRouter) => unknown;
