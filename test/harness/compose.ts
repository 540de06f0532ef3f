import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** A service of deploy/compose.yaml, as far as tests look at it. */
export interface ComposeService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
}

/** deploy/compose.yaml. */
export interface Compose {
  readonly text: string;
  readonly services: Readonly<Record<string, ComposeService>>;
}

/** Reads deploy/compose.yaml, with its merged parts in place and nothing filled in. */
export function readCompose(): Compose {
  const text = readFileSync(new URL("../../deploy/compose.yaml", import.meta.url), "utf8");
  const { services } = parse(text, { merge: true }) as Pick<Compose, "services">;
  return { text, services };
}

const variable = /\$\{([A-Z_]+)(?::(-|\?)([^}]*))?\}/g;

/** Gives the variables that have to be given, by `${NAME:?...}`. */
export function requiredVariables({ text }: Compose): ReadonlySet<string> {
  const found = [...text.matchAll(variable)].filter(([, , operator]) => operator === "?");
  return new Set(found.map(([, name = ""]) => name));
}

/** Fills variables in as Compose does. Throws where a required one is missing. */
export function filledIn(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(variable, (_, name: string, operator?: string, rest = "") => {
    const value = variables[name] ?? "";
    if (value !== "") return value;
    if (operator === "?") throw new Error(`${name} is not set: ${rest}`);
    return rest;
  });
}
