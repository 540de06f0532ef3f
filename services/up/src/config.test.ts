import { ConfigError } from "@posthorn/runtime";
import { newMasterKey } from "@posthorn/sealing";
import { expect, test } from "vitest";
import { readUpConfig } from "./config.ts";

const read = (env: Record<string, string>, ...args: string[]) =>
  readUpConfig(env, { args, cwd: "/work" });

function problemsOf(env: Record<string, string>, ...args: string[]): readonly string[] {
  try {
    read(env, ...args);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [String(error)];
  }
}

const known = { databaseUrl: "postgres://a/b", masterKey: newMasterKey(), serviceKey: "key" };

test("has a default for everything", () => {
  const config = read({});
  expect(config).toMatchObject({
    dataDir: "/work/.posthorn",
    workingDir: "/work",
    databaseUrl: undefined,
    kafka: undefined,
    masterKey: undefined,
    hasDemo: true,
    migratesOnly: false,
    gateway: { host: "127.0.0.1", port: 8420, grpcPort: 8421, outgoingIps: [] },
  });
  const { delivery, ingestion, subscription } = config.services(known);
  expect(delivery).toMatchObject({
    owner: "posthorn-up",
    databaseUrl: known.databaseUrl,
    masterKey: known.masterKey,
    egress: { allowCidrs: ["127.0.0.1/32"], allowHttp: true },
  });
  expect(subscription).toMatchObject({
    databaseUrl: known.databaseUrl,
    urlPolicy: { allowCidrs: ["127.0.0.1/32"], allowHttp: true },
  });
  expect(ingestion.ingestTopics).toEqual([{ topic: "posthorn.ingest.v1", provider: "demo" }]);
});

test("takes what is given over the defaults, and an empty setting for none", () => {
  const config = read({
    DATABASE_URL: "postgres://db/posthorn",
    POSTHORN_MASTER_KEY: newMasterKey(),
    POSTHORN_EGRESS_ALLOW: "10.0.0.0/8",
    POSTHORN_ALLOW_HTTP: "",
    POSTHORN_DATA_DIR: "elsewhere",
    KAFKA_BROKERS: "a:9092,b:9092",
  });
  expect(config).toMatchObject({
    dataDir: "/work/elsewhere",
    kafka: { brokers: ["a:9092", "b:9092"] },
  });
  const { delivery } = config.services(known);
  expect(delivery.egress).toEqual({ allowCidrs: ["10.0.0.0/8"], allowHttp: true });
  expect(delivery.owner).not.toBe("posthorn-up");
});

test("tells everything that is wrong at once, each once", () => {
  const problems = problemsOf(
    {
      DATABASE_URL: "mysql://db/x",
      KAFKA_BROKERS: "a",
      POSTHORN_PORT: "99999",
      POSTHORN_PARTITIONS: "0",
      POSTHORN_EGRESS_PROXY: "http://proxy:3128",
      POSTHORN_LOG_LEVEL: "loud",
    },
    "--demo",
  );
  const names = problems.map((problem) => problem.split(/[ :]/)[0]);
  expect(names.sort()).toEqual([
    "DATABASE_URL",
    "KAFKA_BROKERS",
    "POSTHORN_EGRESS_PROXY",
    "POSTHORN_LOG_LEVEL",
    "POSTHORN_MASTER_KEY",
    "POSTHORN_PARTITIONS",
    "POSTHORN_PORT",
    "unknown",
  ]);
});

test.each([
  [{ DATABASE_URL: "postgres://db/x" }, "POSTHORN_MASTER_KEY (or _FILE) must be given"],
  [{ POSTHORN_MASTER_KEY: "short" }, "POSTHORN_MASTER_KEY must be base64 of 32 bytes"],
  [{ POSTHORN_PORT: "8421" }, "POSTHORN_PORT and POSTHORN_GRPC_PORT must differ"],
  [{ KAFKA_BROKERS: "a:9092, b" }, "KAFKA_BROKERS must be host:port"],
  [{ POSTHORN_INGEST_TOPICS: "x" }, "POSTHORN_INGEST_TOPICS must be pairs"],
])("refuses %j", (env, problem) => {
  expect(problemsOf(env)).toEqual([expect.stringContaining(problem)]);
});

test("takes migrate for an argument, and no other word", () => {
  expect(read({}, "migrate").migratesOnly).toBe(true);
  expect(problemsOf({}, "migrte")).toEqual([
    "unknown arguments: migrte (known are migrate, --no-demo and --help)",
  ]);
});
