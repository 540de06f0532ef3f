import type { Logger } from "@posthorn/runtime";
import type { Bus } from "./bus.ts";
import type { KafkaConfig } from "./config.ts";
import { kafkaBus } from "./kafka/kafka-bus.ts";
import { postgresBus } from "./postgres/postgres-bus.ts";

/** Which log, and who asks. */
export interface OpenBusOptions {
  /** Undefined: the log lies in the database. */
  readonly kafka: KafkaConfig | undefined;
  readonly databaseUrl: string;
  /** What Kafka's brokers call this process. */
  readonly clientId: string;
  readonly log: Logger;
}

/** Opens the log that the configuration names: Kafka where there are brokers, else Postgres. */
export async function openBus({ kafka, databaseUrl, clientId, log }: OpenBusOptions): Promise<Bus> {
  if (kafka === undefined) return await postgresBus({ url: databaseUrl, log });
  return await kafkaBus({ ...kafka, clientId, log });
}
