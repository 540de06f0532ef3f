import type { EnvReader } from "@posthorn/runtime";
import type { Backend } from "./public-services.ts";

/** Where the gateway listens, and its limits. */
export interface GatewayConfig {
  readonly host: string;
  /** REST, Connect, gRPC-Web and /docs; 0 picks a free one. */
  readonly port: number;
  /** gRPC over HTTP/2 without TLS; 0 picks a free one. */
  readonly grpcPort: number;
  /** What `/v1/outgoing-ips` answers. */
  readonly outgoingIps: readonly string[];
  /** How long a request may take to arrive; then 408. Default 28 s, so that it is below 30. */
  readonly requestTimeoutMs?: number;
  /** How long calls under way may go on when the gateway stops. Default 5 s. */
  readonly drainTimeoutMs?: number;
}

/** The configuration of a gateway that is a process of its own. */
export interface GatewayProcessConfig extends GatewayConfig {
  /** Where each service is: `http://host:port`. */
  readonly urls: Readonly<Record<Exclude<Backend, "compat">, string>>;
  /** The same of compat; undefined: other systems' APIs are not served. */
  readonly compatUrl: string | undefined;
}

/** Reads the configuration of a process; call `env.check()` before using it. */
export function readConfig(env: EnvReader): GatewayProcessConfig {
  const port = { min: 0, max: 65_535 };
  return {
    host: env.text("POSTHORN_HOST", { default: "127.0.0.1" }),
    port: env.int("POSTHORN_PORT", { default: 8_420, ...port }),
    grpcPort: env.int("POSTHORN_GRPC_PORT", { default: 8_421, ...port }),
    outgoingIps: env.list("POSTHORN_OUTGOING_IPS", { default: [] }),
    urls: {
      subscription: env.text("POSTHORN_SUBSCRIPTION_URL"),
      ingestion: env.text("POSTHORN_INGESTION_URL"),
      delivery: env.text("POSTHORN_DELIVERY_URL"),
    },
    compatUrl: env.optionalText("POSTHORN_COMPAT_URL"),
  };
}
