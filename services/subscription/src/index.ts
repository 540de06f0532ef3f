export type { BootstrapOptions, Bootstrapped } from "./bootstrap.ts";
export { readConfig, type SubscriptionConfig, type SubscriptionProcessConfig } from "./config.ts";
export type { FileBody } from "./domain/file-tree.ts";
export {
  type SubscriptionDeps,
  type SubscriptionService,
  subscriptionService,
} from "./service.ts";
