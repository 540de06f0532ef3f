import { eventually } from "@posthorn/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import { fragilePostgresLog } from "../../test/logs.ts";
import { reader } from "../../test/reader.ts";

describe("a group member that cannot reach Postgres", () => {
  test("lets its partitions go after five seconds, and takes them again afterwards", async () => {
    const log = await fragilePostgresLog();
    onTestFinished(() => log.close());
    const bus = await log.open();
    onTestFinished(() => bus.close());
    await bus.ensureTopics([{ name: "t", partitionCount: 2 }]);
    const readers = reader(bus, { topic: "t" });
    onTestFinished(() => readers.stop());
    await bus.publish("t", [record("a")]);
    await readers.until(1);

    await log.stop();
    await eventually(() => expect(readers.held.size).toBe(0));
    await log.start();
    await eventually(() => bus.publish("t", [record("b")]));
    expect(await readers.until(2)).toEqual(["a", "b"]);
    await eventually(() => expect(readers.held.size).toBe(2));
  });
});

function record(text: string) {
  return { partition: 0, key: null, value: Buffer.from(text), headers: {} };
}
