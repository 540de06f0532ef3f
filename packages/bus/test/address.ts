import { logger } from "@posthorn/runtime";
import { type Bus, kafkaBus, postgresBus } from "../src/index.ts";

export const log = logger({ name: "test", level: "silent" });

/** Short, so that a killed member's partitions move soon; Kafka's shortest. */
export const sessionTimeoutMs = 6_000;

/** How a process opens the log: also what the child process of a test is told. */
export type LogAddress =
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "kafka"; readonly brokers: readonly string[] };

/** Opens the log at an address. */
export function openLog(address: LogAddress): Promise<Bus> {
  if (address.kind === "postgres") return postgresBus({ url: address.url, log });
  return kafkaBus({ brokers: address.brokers, clientId: "test", sessionTimeoutMs, log });
}
