import { parseArgs } from "node:util";
import type { EnvReader } from "@posthorn/runtime";

/** What the command line says. */
export interface Args {
  readonly hasDemo: boolean;
  /** Whether the tables are to be brought up to date, and nothing else. */
  readonly migratesOnly: boolean;
}

/** Shown for `--help`. */
export const usage = `Usage: npm start -- [--no-demo]
       npm start -- migrate

Starts all of Posthorn on this machine: http://127.0.0.1:8420 (REST, Connect, gRPC-Web) and
127.0.0.1:8421 (gRPC). Without DATABASE_URL and KAFKA_BROKERS it brings its own Postgres.

  --no-demo   without the demo job, its provider and its workspace
  migrate     brings the tables up to date, and ends
  --help      this text

Settings are environment variables: see services/up/README.md.`;

/** Reads the arguments; a wrong one is told with the settings that are wrong. */
export function readArgs(args: readonly string[], env: EnvReader): Args {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { "no-demo": { type: "boolean" } },
      allowPositionals: true,
    });
    if (positionals.every((word) => word === "migrate")) {
      return { hasDemo: values["no-demo"] !== true, migratesOnly: positionals.length > 0 };
    }
  } catch {
    // Told below.
  }
  env.problem(`unknown arguments: ${args.join(" ")} (known are migrate, --no-demo and --help)`);
  return { hasDemo: false, migratesOnly: false };
}
