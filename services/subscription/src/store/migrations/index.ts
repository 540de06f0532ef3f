import * as createSubscription from "./2026-11-21T1200-create-subscription.ts";
import * as extendWebhook from "./2026-11-21T1311-extend-webhook.ts";
import * as addSignatureOptions from "./2026-11-21T1321-add-signature-options.ts";
import * as addProviderPolicies from "./2026-11-21T1401-add-provider-policies.ts";
import * as createConnection from "./2026-11-21T1411-create-connection.ts";

/** The migrations of the schema `subscription`, in order. */
export const migrations = {
  "2026-11-21T1200-create-subscription": createSubscription,
  "2026-11-21T1311-extend-webhook": extendWebhook,
  "2026-11-21T1321-add-signature-options": addSignatureOptions,
  "2026-11-21T1401-add-provider-policies": addProviderPolicies,
  "2026-11-21T1411-create-connection": createConnection,
};
