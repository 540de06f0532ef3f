import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type KafkaConfig, readKafkaConfig } from "@posthorn/bus";
import type { UrlPolicy } from "@posthorn/egress";
import type { EnvReader } from "@posthorn/runtime";

/** Which outcomes are published: of all deliveries, of those that failed and of webhooks, or none. */
export type Outcomes = "all" | "failures" | "none";

/** What the delivery service is told. */
export interface DeliveryConfig {
  readonly databaseUrl: string;
  /** Connections to Postgres, at most. */
  readonly connectionCountMax: number;
  /** Base64 of 32 bytes; opens signing secrets and headers. */
  readonly masterKey: string;
  /** Names this process among the owners of partitions; one of the same name takes over at once. */
  readonly owner: string;
  /** Partitions of `posthorn.events.v1` when it is created. */
  readonly partitionCount: number;
  /** POSTs under way at once. */
  readonly slotCount: number;
  readonly stopGraceMs: number;
  /** What is published to `posthorn.outcomes.v1`. */
  readonly outcomes: Outcomes;
  /** How many days are kept: of events' bodies, and of everything else. */
  readonly retention: { readonly bodiesDays: number; readonly rowsDays: number };
  readonly egress: UrlPolicy;
  /** Posthorn's own addresses, which are never sent to: an address, a CIDR or `ip:port`. */
  readonly ownAddresses: readonly string[];
}

/** What a process that runs the delivery service alone is told besides. */
export interface DeliveryProcessConfig {
  readonly host: string;
  readonly port: number;
  readonly kafka: KafkaConfig | undefined;
  readonly subscriptionUrl: string;
  readonly serviceKey: string;
}

/** Reads the settings of a process that runs the delivery service alone. */
export function readDeliveryProcessConfig(env: EnvReader): DeliveryProcessConfig {
  return {
    host: env.text("POSTHORN_DELIVERY_HOST", { default: "127.0.0.1" }),
    port: env.int("POSTHORN_DELIVERY_PORT", { default: 8433, min: 0, max: 65_535 }),
    kafka: readKafkaConfig(env),
    subscriptionUrl: env.text("POSTHORN_SUBSCRIPTION_URL"),
    serviceKey: env.secret("POSTHORN_SERVICE_KEY"),
  };
}

/** Reads the settings of the delivery service, except for what its process alone needs. */
export function readDeliveryConfig(env: EnvReader): DeliveryConfig {
  return {
    databaseUrl: env.secret("DATABASE_URL"),
    connectionCountMax: env.int("POSTHORN_DELIVERY_CONNECTIONS", { default: 20, min: 2, max: 200 }),
    masterKey: env.secret("POSTHORN_MASTER_KEY"),
    owner: env.text("POSTHORN_INSTANCE", { default: newOwner() }),
    partitionCount: env.int("POSTHORN_PARTITIONS", { default: 32, min: 1, max: 1024 }),
    slotCount: env.int("POSTHORN_SLOTS", { default: 512, min: 1, max: 10_000 }),
    stopGraceMs: env.int("POSTHORN_STOP_GRACE_MS", { default: 5_000, min: 0, max: 60_000 }),
    outcomes: readOutcomes(env),
    retention: readRetention(env),
    egress: {
      allowCidrs: env.list("POSTHORN_EGRESS_ALLOW", { default: [] }),
      allowHttp: env.flag("POSTHORN_ALLOW_HTTP", { default: false }),
    },
    ownAddresses: env.list("POSTHORN_OWN_ADDRESSES", { default: [] }),
  };
}

/** Says where the process runs, as its log does, and which of those there it is. */
function newOwner(): string {
  return `${hostname()}-${randomBytes(4).toString("hex")}`;
}

function readOutcomes(env: EnvReader): Outcomes {
  const text = env.text("POSTHORN_OUTCOMES", { default: "failures" });
  if (text === "all" || text === "failures" || text === "none") return text;
  env.problem("POSTHORN_OUTCOMES must be all, failures or none");
  return "failures";
}

function readRetention(env: EnvReader): DeliveryConfig["retention"] {
  const bounds = { min: 1, max: 3650 };
  const rowsDays = env.int("POSTHORN_RETENTION_DAYS", { default: 90, ...bounds });
  const bodiesDays = env.int("POSTHORN_RETENTION_BODIES_DAYS", {
    default: Math.min(30, rowsDays),
    ...bounds,
  });
  if (bodiesDays > rowsDays) {
    env.problem("POSTHORN_RETENTION_BODIES_DAYS must not be more than POSTHORN_RETENTION_DAYS");
  }
  return { bodiesDays, rowsDays };
}
