import type { UrlPolicy } from "@posthorn/egress";
import type { EnvReader } from "@posthorn/runtime";

/** What the service has to know, in a process of its own or in one with others. */
export interface SubscriptionConfig {
  /** `postgres://...`; the schema `subscription` in it is the service's. */
  readonly databaseUrl: string;
  readonly connectionCountMax: number;
  /** Base64 of 32 bytes: wraps the data keys and signs page tokens. */
  readonly masterKey: string;
  /** Which addresses webhooks may have. */
  readonly urlPolicy: UrlPolicy;
}

/** What a process of the service alone has to know besides. */
export interface SubscriptionProcessConfig extends SubscriptionConfig {
  readonly host: string;
  readonly port: number;
  /** What the other services show. */
  readonly serviceKey: string;
  /** `http://host:port`. Undefined: webhooks are shown without their health. */
  readonly deliveryUrl: string | undefined;
  /** `http://host:port`. Undefined: events of connections wait to be published. */
  readonly ingestionUrl: string | undefined;
}

/** Reads the configuration of a process; call `env.check()` before using it. */
export function readConfig(env: EnvReader): SubscriptionProcessConfig {
  return {
    databaseUrl: env.secret("DATABASE_URL"),
    connectionCountMax: env.int("POSTHORN_SUBSCRIPTION_CONNECTIONS", {
      default: 10,
      min: 2,
      max: 500,
    }),
    masterKey: env.secret("POSTHORN_MASTER_KEY"),
    serviceKey: env.secret("POSTHORN_SERVICE_KEY"),
    deliveryUrl: env.optionalText("POSTHORN_DELIVERY_URL"),
    ingestionUrl: env.optionalText("POSTHORN_INGESTION_URL"),
    urlPolicy: {
      allowCidrs: env.list("POSTHORN_EGRESS_ALLOW", { default: [] }),
      allowHttp: env.flag("POSTHORN_ALLOW_HTTP", { default: false }),
    },
    host: env.text("POSTHORN_SUBSCRIPTION_HOST", { default: "127.0.0.1" }),
    port: env.int("POSTHORN_SUBSCRIPTION_PORT", { default: 8431, min: 0, max: 65_535 }),
  };
}
