import { readFileSync } from "node:fs";

/** The environment, by variable name; an empty value counts as absent. */
export type Env = Readonly<Record<string, string | undefined>>;

/** Thrown when the environment is no configuration; names every bad variable. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  /** One sentence a variable, starting with its name; never a secret's value. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`bad configuration: ${problems.join("; ")}`);
    this.problems = problems;
  }
}

/** Reads settings one by one and reports all that is wrong at once, by `check`. */
export interface EnvReader {
  /** A text; required when there is no default. */
  text(name: string, options?: { default?: string }): string;
  /** A text, undefined when absent. */
  optionalText(name: string): string | undefined;
  /** A whole number from `min` to `max`; required when there is no default. */
  int(name: string, options: { default?: number; min: number; max: number }): number;
  /** `1` or `true`, `0` or `false`. */
  flag(name: string, options: { default: boolean }): boolean;
  /** Texts separated by commas, trimmed, without empty ones. */
  list(name: string, options: { default: readonly string[] }): readonly string[];
  /** A secret, from NAME or from the file that NAME_FILE names (its text, trimmed). */
  secret(name: string, options?: { optional?: false }): string;
  secret(name: string, options: { optional: true }): string | undefined;
  /** Notes a problem that only the reader's user can see; the sentence names the variable. */
  problem(sentence: string): void;
  /** Throws ConfigError when anything read so far was missing or malformed. */
  check(): void;
}

/**
 * Gives a reader of settings. What is missing or malformed reads as a stand-in until `check`
 * throws, so call that before using any value.
 */
export function envReader(env: Env): EnvReader {
  const problems: string[] = [];
  const given = (name: string) => (env[name] === "" ? undefined : env[name]);
  const bad = <T>(sentence: string, standIn: T): T => {
    problems.push(sentence);
    return standIn;
  };
  return {
    text: (name, { default: fallback } = {}) =>
      given(name) ?? fallback ?? bad(`${name} is required`, ""),
    optionalText: given,
    int(name, { default: fallback, min, max }) {
      const text = given(name);
      if (text === undefined) return fallback ?? bad(`${name} is required`, min);
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      return bad(`${name} must be a whole number from ${min} to ${max}`, min);
    },
    flag(name, { default: fallback }) {
      const text = given(name);
      if (text === undefined) return fallback;
      if (text === "1" || text === "true") return true;
      if (text === "0" || text === "false") return false;
      return bad(`${name} must be 1 or 0`, fallback);
    },
    list(name, { default: fallback }) {
      const items = given(name)
        ?.split(",")
        .map((item) => item.trim());
      return items?.filter((item) => item !== "") ?? fallback;
    },
    secret(name: string, { optional = false }: { optional?: boolean } = {}) {
      const read = readSecret(name, given);
      if ("problem" in read) return bad(read.problem, "");
      // An optional secret reads as undefined, which only the second overload promises.
      if (read.value !== undefined || optional) return read.value as string;
      return bad(`${name} or ${name}_FILE is required`, "");
    },
    problem: (sentence) => bad(sentence, undefined),
    check() {
      if (problems.length > 0) throw new ConfigError(problems);
    },
  };
}

function readSecret(
  name: string,
  given: (name: string) => string | undefined,
): { value: string | undefined } | { problem: string } {
  const value = given(name);
  const path = given(`${name}_FILE`);
  if (path === undefined) return { value };
  if (value !== undefined) return { problem: `${name} and ${name}_FILE exclude each other` };
  try {
    const text = readFileSync(path, "utf8").trim();
    return text === "" ? { problem: `${name}_FILE names an empty file` } : { value: text };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    return { problem: `${name}_FILE names a file that cannot be read${code}` };
  }
}
