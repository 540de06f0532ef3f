import { invalid } from "@posthorn/errors";
import { eventLimits } from "@posthorn/event";
import { type CutPlan, cutJson, scanJson } from "@posthorn/json";

/** A record's value that is a JSON object around the data. */
export interface JsonRecord {
  /** All members but `data`, parsed. */
  readonly members: Readonly<Record<string, unknown>>;
  /** The very bytes of the member `data`; undefined when there is none. */
  readonly data: Uint8Array | undefined;
}

/** The object stands around the data, which may itself be as deep as it may. */
const jsonLimits = { depthMax: eventLimits.depthMax + 1, keysMax: eventLimits.keysMax };
const dataPlan: CutPlan = { members: new Map([["data", "data"]]) };

/** Reads a JSON object, `data` byte by byte. Throws `invalid` when it is no object or not strict JSON. */
export function readJsonRecord(value: Uint8Array): JsonRecord {
  const problem = scanJson(value, jsonLimits);
  if (problem !== undefined) throw invalid("value", problem.message, problem.reason);
  const whole: unknown = JSON.parse(Buffer.from(value).toString());
  if (typeof whole !== "object" || whole === null || Array.isArray(whole)) {
    throw invalid("value", "must be a JSON object");
  }
  const span = cutJson(value, dataPlan)[0];
  const members = Object.entries(whole).filter(([name]) => name !== "data");
  return {
    members: Object.fromEntries(members),
    data: span && value.subarray(span.start, span.end),
  };
}
