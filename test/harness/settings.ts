import { readFileSync } from "node:fs";

/** A service that is a process of its own. */
export type Service = "subscription" | "ingestion" | "delivery" | "compat" | "gateway";

/** What a process needs besides its service, by what its config.ts calls. */
const shared = [
  { call: "readKafkaConfig", path: "packages/bus/src/config.ts" },
  { call: "", path: "packages/runtime/src/run-process.ts" },
];

/** Gives the names of all settings that a process reads, those of secrets also with `_FILE`. */
export function settingsOf(service: Service | "up"): ReadonlySet<string> {
  const own = source(`services/${service}/src/config.ts`);
  const others = shared.filter(({ call }) => own.includes(call)).map(({ path }) => source(path));
  const texts = [own, ...others];
  const names = texts.flatMap((text) => matches(text, /"([A-Z]+(?:_[A-Z]+)+)"/g));
  const secrets = texts.flatMap((text) => matches(text, /secret\(\s*"([A-Z_]+)"/g));
  return new Set([...names, ...secrets.map((name) => `${name}_FILE`)]);
}

function source(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, name = ""]) => name);
}
