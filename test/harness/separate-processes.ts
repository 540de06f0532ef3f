import { randomBytes } from "node:crypto";
import { freePort, kafkaBroker, testDatabase } from "@posthorn/testkit";
import { type Child, startChild } from "./child.ts";
import { applyDemo, client, isReady, loopbackAllowed, type Posthorn } from "./posthorn.ts";

/** Services on one Postgres database and one log, each a process of its own. */
export interface Separate extends Posthorn {
  readonly databaseUrl: string;
  /** Empty when the log lies in Postgres. */
  readonly brokers: readonly string[];
  /** The first delivery process. */
  readonly delivery: Child;
  /** Starts one more delivery process. */
  addDelivery(env?: Readonly<Record<string, string>>): Promise<Child>;
}

/**
 * Starts every service as a process of its own, on a database and a log that nobody else uses,
 * sets the schemas up and applies the demo provider.
 */
export async function separateProcesses(
  options: {
    readonly env?: Readonly<Record<string, string>>;
    /** An empty database of the caller's; default: one of the run's. */
    readonly databaseUrl?: string;
    /** Default: Kafka, with a broker of its own. */
    readonly log?: "kafka" | "postgres";
  } = {},
): Promise<Separate> {
  const { databaseUrl } = options;
  const database = databaseUrl ? { url: databaseUrl, drop() {} } : await testDatabase();
  const broker = options.log === "postgres" ? undefined : await kafkaBroker();
  const brokers = broker?.brokers ?? [];
  const ports = await Promise.all(Array.from({ length: 6 }, () => freePort()));
  const [subscription, ingestion, delivery, compat, gateway, grpc] = ports.map(String);
  const env: Record<string, string> = {
    DATABASE_URL: database.url,
    ...(broker && { KAFKA_BROKERS: brokers.join(",") }),
    POSTHORN_MASTER_KEY: randomBytes(32).toString("base64"),
    POSTHORN_SERVICE_KEY: randomBytes(32).toString("hex"),
    POSTHORN_SUBSCRIPTION_PORT: subscription ?? "",
    POSTHORN_INGESTION_PORT: ingestion ?? "",
    POSTHORN_DELIVERY_PORT: delivery ?? "",
    POSTHORN_COMPAT_PORT: compat ?? "",
    POSTHORN_PORT: gateway ?? "",
    POSTHORN_GRPC_PORT: grpc ?? "",
    POSTHORN_SUBSCRIPTION_URL: `http://127.0.0.1:${subscription}`,
    POSTHORN_INGESTION_URL: `http://127.0.0.1:${ingestion}`,
    POSTHORN_DELIVERY_URL: `http://127.0.0.1:${delivery}`,
    POSTHORN_COMPAT_URL: `http://127.0.0.1:${compat}`,
    POSTHORN_LOG_LEVEL: "warn",
    ...loopbackAllowed,
    ...options.env,
  };
  for (const service of ["subscription", "ingestion", "delivery"]) {
    await runOnce(service, "migrate", env);
  }
  const adminKey = (await runOnce("subscription", "create-admin-key", env)).trim();
  const processes: Child[] = [];
  const start = async (service: string, port: string | undefined) => {
    const child = startChild({ script: `services/${service}/src/main.ts`, env });
    processes.push(child);
    await isReady(`http://127.0.0.1:${port}`, child);
    return child;
  };
  await start("subscription", subscription);
  const [deliveryProcess] = await Promise.all([
    start("delivery", delivery),
    start("ingestion", ingestion),
    start("compat", compat),
  ]);
  await start("gateway", gateway);
  const url = `http://127.0.0.1:${gateway}`;
  const operatorKey = await applyDemo(url, adminKey);
  return {
    ...client({ url, operatorKey }),
    grpcUrl: `http://127.0.0.1:${grpc}`,
    databaseUrl: database.url,
    brokers,
    adminKey,
    delivery: deliveryProcess,
    processes,
    async addDelivery(own = {}) {
      const port = String(await freePort());
      const script = "services/delivery/src/main.ts";
      const child = startChild({ script, env: { ...env, ...own, POSTHORN_DELIVERY_PORT: port } });
      processes.push(child);
      await isReady(`http://127.0.0.1:${port}`, child);
      return child;
    },
    async stop() {
      for (const child of [...processes].reverse()) await child.end();
      await broker?.close();
      await database.drop();
    },
  };
}

async function runOnce(
  service: string,
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = startChild({ script: `services/${service}/src/main.ts`, args: [command], env });
  const code = await child.ended();
  if (code !== 0) throw new Error(`${service} ${command} ended with ${code}:\n${child.output()}`);
  return child.output();
}
