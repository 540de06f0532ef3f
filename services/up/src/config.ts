import { resolve } from "node:path";
import { type KafkaConfig, readKafkaConfig } from "@posthorn/bus";
import { type DeliveryConfig, readDeliveryConfig } from "@posthorn/delivery";
import type { GatewayConfig } from "@posthorn/gateway";
import { type IngestionConfig, readIngestionConfig } from "@posthorn/ingestion";
import { ConfigError, type Env, type EnvReader, envReader } from "@posthorn/runtime";
import { masterKey, newMasterKey } from "@posthorn/sealing";
import {
  readConfig as readSubscriptionConfig,
  type SubscriptionConfig,
} from "@posthorn/subscription";
import { readArgs } from "./args.ts";

/** What the services are told; the database and the keys come once these are there. */
export interface ServiceConfigs {
  readonly subscription: SubscriptionConfig;
  readonly ingestion: IngestionConfig;
  readonly delivery: DeliveryConfig;
  readonly gateway: GatewayConfig;
}

/** What `posthorn up` is told. */
export interface UpConfig {
  /** Absolute. */
  readonly dataDir: string;
  /** Where the person who started it stands. */
  readonly workingDir: string;
  /** Undefined: a Postgres of our own in the data folder. */
  readonly databaseUrl: string | undefined;
  /** Undefined: the log lies in Postgres. */
  readonly kafka: KafkaConfig | undefined;
  /** Base64 of 32 bytes; undefined: the data folder has it. */
  readonly masterKey: string | undefined;
  readonly hasDemo: boolean;
  /** Whether the tables are to be brought up to date, and nothing else. */
  readonly migratesOnly: boolean;
  /** Undefined: what suits who reads the log. */
  readonly logLevel: string | undefined;
  readonly gateway: GatewayConfig;
  /** Gives the services' configuration, now that the rest of it is known. */
  services(known: KnownAtStart): ServiceConfigs;
}

/** What no setting tells. */
export interface KnownAtStart {
  readonly databaseUrl: string;
  readonly masterKey: string;
  /** What the services show each other. */
  readonly serviceKey: string;
}

/** The owner of partitions when nobody else can use the database: a restart is the same owner. */
const embeddedInstance = "posthorn-up";
/** Only the built-in receiver of the demo. */
const demoEgress = { POSTHORN_EGRESS_ALLOW: "127.0.0.1/32", POSTHORN_ALLOW_HTTP: "1" };
/** What the services' readers ask for and only the start itself can tell. */
const standIns = {
  DATABASE_URL: "postgres://not-yet",
  POSTHORN_SERVICE_KEY: "not-yet",
  POSTHORN_MASTER_KEY: newMasterKey(),
};

/** Reads settings and arguments. Throws ConfigError with everything that is wrong. */
export function readUpConfig(
  given: Env,
  { args, cwd }: { args: readonly string[]; cwd: string },
): UpConfig {
  const env = envReader(given);
  const databaseUrl = postgresUrl(env);
  const kafka = readKafkaConfig(env);
  checkBrokers(env, kafka);
  const config = {
    databaseUrl,
    kafka,
    ...readArgs(args, env),
    dataDir: resolve(cwd, env.text("POSTHORN_DATA_DIR", { default: ".posthorn" })),
    // npm runs us in the project's folder and tells this way where it was called.
    workingDir: env.text("INIT_CWD", { default: cwd }),
    masterKey: givenMasterKey(env, databaseUrl !== undefined),
    logLevel: level(env),
    gateway: readGateway(env),
  };
  if (env.optionalText("POSTHORN_EGRESS_PROXY") !== undefined) {
    env.problem("POSTHORN_EGRESS_PROXY is not supported yet: deliveries would go past the proxy");
  }
  const overlay = {
    ...demoEgress,
    ...(databaseUrl === undefined ? { POSTHORN_INSTANCE: embeddedInstance } : {}),
    ...withoutEmpty(given),
    ...standIns,
    POSTHORN_MASTER_KEY_FILE: undefined,
  };
  const services = readServices(overlay, config.gateway, env);
  env.check();
  return { ...config, services: (known) => complete(services, known) };
}

/** An empty setting counts as none, so it does not hide a default of ours either. */
function withoutEmpty(env: Env): Env {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ""));
}

function postgresUrl(env: EnvReader): string | undefined {
  const url = env.secret("DATABASE_URL", { optional: true });
  if (url !== undefined && !(/^postgres(ql)?:\/\//.test(url) && URL.canParse(url))) {
    env.problem("DATABASE_URL must be a URL that starts with postgres:// or postgresql://");
  }
  return url;
}

function checkBrokers(env: EnvReader, kafka: KafkaConfig | undefined): void {
  if (kafka?.brokers.every((broker) => /^[^\s:]+:\d{1,5}$|^\[[^\]]+\]:\d{1,5}$/.test(broker)))
    return;
  if (kafka !== undefined) env.problem("KAFKA_BROKERS must be host:port, separated by commas");
}

function givenMasterKey(env: EnvReader, isRequired: boolean): string | undefined {
  const key = env.secret("POSTHORN_MASTER_KEY", { optional: true });
  if (key === undefined) {
    if (isRequired) {
      const make = "make one with `openssl rand -base64 32` and keep it as safe as the database";
      env.problem(`POSTHORN_MASTER_KEY (or _FILE) must be given with DATABASE_URL: ${make}`);
    }
    return undefined;
  }
  try {
    masterKey(key);
  } catch {
    env.problem("POSTHORN_MASTER_KEY must be base64 of 32 bytes, as of `openssl rand -base64 32`");
  }
  return key;
}

const levels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

function level(env: EnvReader): string | undefined {
  const text = env.optionalText("POSTHORN_LOG_LEVEL");
  if (text !== undefined && !levels.includes(text)) {
    env.problem(`POSTHORN_LOG_LEVEL must be one of ${levels.join(", ")}`);
  }
  return text;
}

function readGateway(env: EnvReader): GatewayConfig {
  const range = { min: 0, max: 65_535 };
  const config = {
    host: env.text("POSTHORN_HOST", { default: "127.0.0.1" }),
    port: env.int("POSTHORN_PORT", { default: 8_420, ...range }),
    grpcPort: env.int("POSTHORN_GRPC_PORT", { default: 8_421, ...range }),
    outgoingIps: env.list("POSTHORN_OUTGOING_IPS", { default: [] }),
  };
  if (config.port === config.grpcPort && config.port !== 0) {
    env.problem("POSTHORN_PORT and POSTHORN_GRPC_PORT must differ");
  }
  return config;
}

/** Reads what the services ask for; what is wrong with it is told with the rest. */
function readServices(overlay: Env, gateway: GatewayConfig, env: EnvReader): ServiceConfigs {
  const reader = envReader(overlay);
  const configs = {
    subscription: readSubscriptionConfig(reader),
    ingestion: readIngestionConfig(reader),
    delivery: readDeliveryConfig(reader),
    gateway,
  };
  try {
    reader.check();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of new Set(error.problems)) env.problem(problem);
  }
  return configs;
}

function complete(services: ServiceConfigs, known: KnownAtStart): ServiceConfigs {
  return {
    subscription: { ...services.subscription, ...known },
    ingestion: { ...services.ingestion, ...known },
    delivery: { ...services.delivery, ...known },
    gateway: services.gateway,
  };
}
