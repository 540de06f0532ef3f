import { argv, stdout } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { type LogAddress, log, openLog } from "./address.ts";

/** A process of its own: takes its first batch, says so, and hangs until it is killed. */
const [, , address = "", topic = "", group = ""] = argv;
const bus = await openLog(JSON.parse(address) as LogAddress);
const part = bus.consumer({
  topic,
  group,
  batchRecordsMax: 100,
  log,
  handler: {
    start: async () => 0n,
    async handle() {
      stdout.write("stuck\n");
      await sleep(3_600_000);
      return undefined;
    },
  },
});
await part.run(new AbortController().signal, () => {});
