import { parseArgs } from "node:util";
import type { EnvReader } from "@posthorn/runtime";

/** What the command line says. */
export interface Args {
  readonly hasDemo: boolean;
}

/** Shown for `--help`. */
export const usage = `Usage: npm start -- [--no-demo]

Starts all of Posthorn on this machine: http://127.0.0.1:8420 (REST, Connect, gRPC-Web) and
127.0.0.1:8421 (gRPC). Without DATABASE_URL and KAFKA_BROKERS it brings its own Postgres.

  --no-demo   without the demo job, its provider and its workspace
  --help      this text

Settings are environment variables: see services/up/README.md.`;

/** Reads the arguments; a wrong one is told with the settings that are wrong. */
export function readArgs(args: readonly string[], env: EnvReader): Args {
  try {
    const { values } = parseArgs({ args: [...args], options: { "no-demo": { type: "boolean" } } });
    return { hasDemo: values["no-demo"] !== true };
  } catch {
    env.problem(`unknown arguments: ${args.join(" ")} (known are --no-demo and --help)`);
    return { hasDemo: false };
  }
}
