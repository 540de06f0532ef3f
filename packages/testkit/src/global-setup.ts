import type { TestProject } from "vitest/node";
import { kafkaBroker } from "./kafka/broker.ts";
import { runPostgres } from "./postgres.ts";
import { runServer } from "./run-server.ts";

/** Lets the tests of the run ask for its servers; gives what stops those that were asked for. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await runServer({
    postgres: runPostgres,
    async kafka() {
      const broker = await kafkaBroker();
      return { answer: broker.brokers, stop: () => broker.close() };
    },
  });
  project.provide("posthornRunUrl", server.url);
  return () => server.close();
}
