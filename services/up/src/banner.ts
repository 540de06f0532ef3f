import type { DataDir } from "./data-dir.ts";
import { shownPath } from "./shown-path.ts";
import type { Terminal } from "./terminal.ts";

/** What there is to know once everything serves. */
export interface Ready {
  /** `http://127.0.0.1:8420` */
  readonly baseUrl: string;
  /** `127.0.0.1:8421` */
  readonly grpc: string;
  readonly dataDir: DataDir;
  readonly workingDir: string;
  /** Where the files of a Postgres of our own are. */
  readonly databaseDir: string | undefined;
  readonly hasKafka: boolean;
  /** CIDRs that deliveries may go to besides the public internet. */
  readonly allowCidrs: readonly string[];
  readonly allowHttp: boolean;
  readonly readyInMs: number;
}

/** Gives the lines that say what runs where. */
export function bannerLines(ready: Ready, { style }: Terminal): readonly string[] {
  const seconds = `${(ready.readyInMs / 1_000).toFixed(1)} s`;
  return [
    "",
    `  ${style(["bold", "green"], "Posthorn is ready")} ${style("dim", `in ${seconds}`)}`,
    "",
    row("REST, Connect", `${style("cyan", ready.baseUrl)}   docs at ${ready.baseUrl}/docs`),
    row("gRPC", ready.grpc),
    row("data", dataWords(ready)),
    row("deliveries", `to the public internet${exceptions(ready)}`),
    "",
  ];
}

function row(name: string, words: string): string {
  return `    ${name.padEnd(15)}${words}`;
}

function dataWords({ dataDir, workingDir, databaseDir, hasKafka }: Ready): string {
  const path = shownPath(dataDir.path, workingDir);
  const log = hasKafka ? "log in Kafka" : "log in it";
  if (databaseDir === undefined) return `keys in ${path}, Postgres of DATABASE_URL, ${log}`;
  const isInside = databaseDir.startsWith(dataDir.path);
  return isInside
    ? `${path}, with a Postgres of its own`
    : `keys in ${path}, Postgres in ${databaseDir}`;
}

function exceptions({ allowCidrs, allowHttp }: Ready): string {
  if (allowCidrs.length === 0) return " only";
  const how = allowHttp ? " (by plain http, too)" : "";
  return ` and ${allowCidrs.join(", ")}${how}`;
}
