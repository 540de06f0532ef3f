import type { EnvReader } from "@posthorn/runtime";

/** What a process that runs the compat service alone is told. */
export interface CompatProcessConfig {
  readonly host: string;
  readonly port: number;
  /** What Posthorn's services show each other. */
  readonly serviceKey: string;
  readonly subscriptionUrl: string;
  readonly deliveryUrl: string;
}

/** Reads the settings of a process that runs the compat service alone. */
export function readConfig(env: EnvReader): CompatProcessConfig {
  return {
    host: env.text("POSTHORN_COMPAT_HOST", { default: "127.0.0.1" }),
    port: env.int("POSTHORN_COMPAT_PORT", { default: 8434, min: 0, max: 65_535 }),
    serviceKey: env.secret("POSTHORN_SERVICE_KEY"),
    subscriptionUrl: env.text("POSTHORN_SUBSCRIPTION_URL"),
    deliveryUrl: env.text("POSTHORN_DELIVERY_URL"),
  };
}
