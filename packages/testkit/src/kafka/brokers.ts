import { env } from "node:process";
import { askRun } from "../context.ts";
import { canInstallKafka } from "./install.ts";

/**
 * Gives the brokers that tests use: `KAFKA_BROKERS` (comma-separated) if that is set, else the
 * run's own, which the first call starts. Without Java and Maven it gives none and says so loudly,
 * for `describe.runIf(brokers.length > 0)`; where `CI` is set it throws instead.
 */
export async function kafkaBrokers(): Promise<readonly string[]> {
  // biome-ignore lint/style/noProcessEnv: the documented switch of the tests
  const named = (env["KAFKA_BROKERS"] ?? "").split(",").filter((broker) => broker !== "");
  if (named.length > 0) return named;
  if (!canRunKafkaBroker()) return [];
  // As kafkaBroker gives it in the global setup.
  return (await askRun("kafka")) as readonly string[];
}

/**
 * Whether `kafkaBroker()` works here, that is, whether there are Java and Maven; for
 * `describe.runIf`. Says so loudly if not, and throws where `CI` is set.
 */
export function canRunKafkaBroker(): boolean {
  if (canInstallKafka()) return true;
  const problem = "Kafka tests need Java and Maven, or KAFKA_BROKERS";
  // biome-ignore lint/style/noProcessEnv: set by every CI
  if ((env["CI"] ?? "") !== "") throw new Error(problem);
  // biome-ignore lint/suspicious/noConsole: whoever runs the tests has to see it
  console.warn(`\n*** SKIPPED: ${problem} ***\n`);
  return false;
}
