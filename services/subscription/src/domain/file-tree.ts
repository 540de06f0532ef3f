import { AppError, type FieldProblem, invalid } from "@posthorn/errors";
import { type CutPlan, cutJson, scanJson } from "@posthorn/json";
import { parseDocument } from "yaml";
import { refuseProblems } from "./problems.ts";

/** What a file says, whichever notation it is in. */
export interface FileTree {
  /** Null, boolean, number, text, array, or object of these. */
  readonly value: unknown;
  /**
   * Gives the JSON text of a value at a path such as `eventTypes[3].schema`: byte for byte as it
   * stands in a JSON file, compact for YAML.
   */
  readonly jsonText: (path: string, value: unknown) => Uint8Array;
}

/** A file as it came. */
export interface FileBody {
  /** `application/json` or `application/yaml` (or an older name of it); parameters are ignored. */
  readonly contentType: string;
  /** UTF-8, at most 4 MiB. */
  readonly data: Uint8Array;
}

const fileBytesMax = 4 * 1_024 * 1_024;
const yamlTypes = ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"];
/** A schema may nest 64 deep, and lies three below the root. */
const limits = { depthMax: 67, keysMax: 10_000 };

/** Reads a provider file. Throws `invalid` naming `file` or a path in it, and `too_large`. */
export function readFileTree({ contentType, data }: FileBody): FileTree {
  if (data.length > fileBytesMax) throw new AppError("too_large", "the file has more than 4 MiB");
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (type === "application/json") return readJson(data);
  if (yamlTypes.includes(type)) return readYaml(data);
  throw invalid("file.contentType", "must be application/yaml or application/json");
}

function readJson(data: Uint8Array): FileTree {
  const problem = scanJson(data, limits);
  if (problem !== undefined) throw invalid(problem.path || "file", problem.message, problem.reason);
  const texts = jsonTexts(data);
  return {
    value: JSON.parse(new TextDecoder().decode(data)),
    jsonText: (path, value) => texts.get(path) ?? compactJson(value),
  };
}

const eventTypesPlan: CutPlan = { members: new Map([["eventTypes", { each: "event type" }]]) };
const textsPlan: CutPlan = {
  members: new Map([
    ["schema", "schema"],
    ["example", "example"],
  ]),
};

/** Cuts the texts that are kept as they are out of a sound JSON file. */
function jsonTexts(data: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const texts = cutJson(data, eventTypesPlan).flatMap(({ start, end }, index) => {
    const eventType = data.subarray(start, end);
    return cutJson(eventType, textsPlan).map((span): [string, Uint8Array] => [
      `eventTypes[${index}].${span.label}`,
      eventType.slice(span.start, span.end),
    ]);
  });
  return new Map(texts);
}

function readYaml(data: Uint8Array): FileTree {
  const value = parseYaml(decode(data));
  refuseProblems(yamlProblems(value, "", 0));
  return { value, jsonText: (_, part) => compactJson(part) };
}

function decode(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch (cause) {
    throw new AppError("invalid", "file: is not UTF-8", {
      fields: [{ field: "file", description: "is not UTF-8", reason: "invalid_unicode" }],
      cause,
    });
  }
}

/** Parses one YAML document; what it warns of (an unknown tag) is refused too. */
function parseYaml(text: string): unknown {
  const document = parseDocument(text, { logLevel: "error" });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw invalid("file", firstLine(problem.message));
  try {
    return document.toJS();
  } catch (error) {
    // Aliases that multiply are found only here, and thrown as a ReferenceError.
    if (!(error instanceof ReferenceError)) throw error;
    throw invalid("file", "has too many aliases");
  }
}

function firstLine(message: string): string {
  return (message.split("\n")[0] ?? "").replace(/:$/, "");
}

/** Gives what YAML can say and JSON cannot: it would be lost without a word. */
function yamlProblems(value: unknown, path: string, depth: number): FieldProblem[] {
  const field = path === "" ? "file" : path;
  if (depth > limits.depthMax) return [{ field, description: "is nested too deep" }];
  if (typeof value === "number") return numberProblems(value, field);
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => yamlProblems(item, `${path}[${index}]`, depth + 1));
  }
  if (typeof value !== "object" || value === null) return [];
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    return [{ field, description: "is of a type that JSON does not have" }];
  }
  return Object.entries(value).flatMap(([key, item]) =>
    yamlProblems(item, path === "" ? key : `${path}.${key}`, depth + 1),
  );
}

function numberProblems(value: number, field: string): FieldProblem[] {
  if (Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)) return [];
  return [{ field, description: "is a number that YAML does not keep; give the file as JSON" }];
}

function compactJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
