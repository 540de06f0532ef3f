import { testDatabase } from "@posthorn/testkit";
import { type Bus, type LogRecord, postgresBus } from "../src/index.ts";
import { log } from "./address.ts";

/** A log in a database of its own, with one topic of one partition. */
export async function onePartition(topic: string): Promise<{ bus: Bus; close(): Promise<void> }> {
  const database = await testDatabase();
  const bus = await postgresBus({ url: database.url, log });
  await bus.ensureTopics([{ name: topic, partitionCount: 1 }]);
  return {
    bus,
    async close() {
      await bus.close();
      await database.drop();
    },
  };
}

/** So many records of that partition. */
export function records(count: number): LogRecord[] {
  const value = Buffer.from("{}");
  return Array.from({ length: count }, () => ({ partition: 0, key: null, value, headers: {} }));
}
