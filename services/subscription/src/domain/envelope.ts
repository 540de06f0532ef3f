/** Where the value of a body's member comes from. */
export type EnvelopeSource =
  | "EVENT_ID"
  | "EVENT_TYPE"
  | "TIME"
  | "DATA"
  | "CONNECTION_ID"
  | "INTEGRATION_NAME"
  | "PREVIOUS_ATTRIBUTES"
  | "TEXT"
  | "VERSION";

/** One member of a body, as a provider file has it: what the file leaves out is left out here. */
export interface EnvelopeField {
  readonly name?: string;
  readonly source: EnvelopeSource;
  readonly spread?: boolean;
  readonly omitWhenAbsent?: boolean;
  readonly text?: string;
}

/** How the bodies of one payload version are made. */
export interface Envelope {
  readonly version: string;
  /** Left out: the default members. */
  readonly fields?: readonly EnvelopeField[];
}

/** The members of a body for which a provider file names none. */
const defaultFields: readonly EnvelopeField[] = [
  { name: "type", source: "EVENT_TYPE" },
  { name: "timestamp", source: "TIME" },
  { name: "data", source: "DATA" },
];

/** Gives envelopes with all that their file leaves to the default; never empty, nor any of them. */
export function wholeEnvelopes(envelopes: readonly Envelope[]): readonly Required<Envelope>[] {
  const given = envelopes.length === 0 ? [{ version: "v1" }] : envelopes;
  return given.map(({ version, fields = defaultFields }) => ({ version, fields }));
}

/** Gives the payload version of a webhook that chose none, or one that is gone: the last. */
export function versionIn(envelopes: readonly Envelope[], chosen: string): string {
  const versions = wholeEnvelopes(envelopes).map(({ version }) => version);
  return versions.find((version) => version === chosen) ?? versions.at(-1) ?? chosen;
}

/** What envelopes that spread the data ask of it. */
export interface Spread {
  /** Whether any does, so that data must be an object. */
  readonly isSpread: boolean;
  /** The members that data may not have, as the envelopes name them. */
  readonly reservedMembers: readonly string[];
}

/** Gives what the data of every event must be like to fit all of the envelopes. */
export function spreadOf(envelopes: readonly Envelope[]): Spread {
  const spreading = wholeEnvelopes(envelopes)
    .map(({ fields }) => fields)
    .filter((fields) => fields.some(({ spread = false }) => spread));
  const names = spreading.flatMap((fields) => fields.flatMap(({ name = "" }) => name));
  return {
    isSpread: spreading.length > 0,
    reservedMembers: [...new Set(names.filter((name) => name !== ""))],
  };
}
