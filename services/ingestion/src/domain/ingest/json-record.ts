import { invalid } from "@posthorn/errors";
import { eventLimits } from "@posthorn/event";
import { type CutPlan, cutJson, scanJson } from "@posthorn/json";

/** A record's value that is a JSON object around the data. */
export interface JsonRecord {
  /** All members but those that are kept raw, parsed. */
  readonly members: Readonly<Record<string, unknown>>;
  /** The very bytes of each member that is kept raw and that is there, by its name. */
  readonly raw: ReadonlyMap<string, Uint8Array>;
}

/** The object stands around the data, which may itself be as deep as it may. */
const jsonLimits = { depthMax: eventLimits.depthMax + 1, keysMax: eventLimits.keysMax };

/**
 * Reads a JSON object, the named members of it byte by byte. Throws `invalid` when it is no object
 * or not strict JSON.
 */
export function readJsonRecord(value: Uint8Array, rawNames: readonly string[]): JsonRecord {
  const problem = scanJson(value, jsonLimits);
  if (problem !== undefined) throw invalid("value", problem.message, problem.reason);
  const whole: unknown = JSON.parse(Buffer.from(value).toString());
  if (typeof whole !== "object" || whole === null || Array.isArray(whole)) {
    throw invalid("value", "must be a JSON object");
  }
  const plan: CutPlan = { members: new Map(rawNames.map((name) => [name, name])) };
  const raw = cutJson(value, plan).map(
    ({ label, start, end }) => [label, value.subarray(start, end)] as const,
  );
  const members = Object.entries(whole).filter(([name]) => !rawNames.includes(name));
  return { members: Object.fromEntries(members), raw: new Map(raw) };
}
