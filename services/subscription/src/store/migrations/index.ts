import * as createSubscription from "./2026-11-21T1200-create-subscription.ts";

/** The migrations of the schema `subscription`, in order. */
export const migrations = {
  "2026-11-21T1200-create-subscription": createSubscription,
};
