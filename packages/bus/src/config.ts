import type { EnvReader } from "@posthorn/runtime";

/** How Kafka is reached. */
export interface KafkaConfig {
  readonly brokers: readonly string[];
  readonly ssl: boolean;
  readonly sasl?: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
}

/** Reads `KAFKA_*`; undefined without `KAFKA_BROKERS`: then the log lies in Postgres. */
export function readKafkaConfig(env: EnvReader): KafkaConfig | undefined {
  const brokers = env.list("KAFKA_BROKERS", { default: [] });
  const ssl = env.flag("KAFKA_SSL", { default: false });
  const mechanism = env.optionalText("KAFKA_SASL_MECHANISM")?.toLowerCase();
  const sasl = mechanism === undefined ? undefined : readSasl(env, mechanism);
  if (brokers.length === 0) return undefined;
  return { brokers, ssl, ...(sasl && { sasl }) };
}

function readSasl(env: EnvReader, mechanism: string): KafkaConfig["sasl"] {
  const username = env.text("KAFKA_SASL_USERNAME");
  const password = env.secret("KAFKA_SASL_PASSWORD");
  switch (mechanism) {
    case "plain":
    case "scram-sha-256":
    case "scram-sha-512":
      return { mechanism, username, password };
    default:
      env.problem("KAFKA_SASL_MECHANISM must be plain, scram-sha-256 or scram-sha-512");
      return undefined;
  }
}
