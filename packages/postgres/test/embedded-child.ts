import { once } from "node:events";
import process from "node:process";
import { logger } from "@posthorn/runtime";
import { startEmbedded } from "../src/index.ts";

// Runs an embedded Postgres on the folder in its first argument, writes the URL to standard output
// and stays until it is killed; Ctrl-C does not end it.
process.on("SIGINT", () => {});
const postgres = await startEmbedded({
  dataDir: process.argv[2] ?? "",
  log: logger({ name: "embedded-child", level: "silent" }),
});
process.stdout.write(`${postgres.url}\n`);
await once(process.stdout, "close");
