import type { ConnectionOptions } from "node:tls";
import type { Logger } from "@posthorn/runtime";
import { Kafka, type LogEntry, logLevel, type RetryOptions, type SASLOptions } from "kafkajs";

/** How to open the log that is kept in Kafka. */
export interface KafkaBusOptions {
  /** `host:port` of some brokers; the others are learned from them. */
  readonly brokers: readonly string[];
  /** Shown in the brokers' logs and quotas. */
  readonly clientId: string;
  /** True: TLS by the system's certificates. Default: no TLS. */
  readonly ssl?: boolean | ConnectionOptions;
  /** Default: none. */
  readonly sasl?: KafkaSasl;
  /** How long a member may be silent before its partitions go to others. Default: 30 s. */
  readonly sessionTimeoutMs?: number;
  readonly log: Logger;
}

/** A name and password, in one of the ways that Kafka brokers ask for them. */
export interface KafkaSasl {
  readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
  readonly username: string;
  readonly password: string;
}

/** A broker that does not take a connection, or answer, in this time is gone. */
const connectionTimeoutMs = 3_000;
const requestTimeoutMs = 5_000;

/** About 2 s. Given everywhere, as kafkajs' own default depends on NODE_ENV. */
export const retry: RetryOptions = {
  retries: 4,
  initialRetryTime: 100,
  maxRetryTime: 1_000,
  multiplier: 2,
  factor: 0.2,
};

/** Opens a client; it connects when it is used. */
export function kafkaClient(options: KafkaBusOptions): Kafka {
  return new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    retry,
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => writeEntry(options.log, entry),
    ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
    ...(options.sasl === undefined ? {} : { sasl: options.sasl as SASLOptions }),
  });
}

/** The client tells of every try; what comes of them in the end is told by whoever wanted it. */
function writeEntry(log: Logger, { namespace, log: entry }: LogEntry): void {
  const { message, timestamp: _timestamp, logger: _logger, ...rest } = entry;
  log.debug({ kafka: namespace, ...rest }, message);
}
