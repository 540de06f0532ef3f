import { writeString } from "./structured-field.ts";

/** The covered list of a signature and what is said about it. */
export interface SignatureInput {
  readonly components: readonly string[];
  /** The values as they are written: strings in quotes, integers without. */
  readonly parameters: ReadonlyMap<string, string>;
}

const innerList = /^\(([^()]*)\)(.*)$/;
const componentForm = /^"(@?[a-z0-9][a-z0-9-]*)"$/;
const parameterForm =
  /;([a-z*][a-z0-9_.*-]*)=("(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"|0|[1-9][0-9]{0,14})/g;
const countMax = 32;

/**
 * Reads a member of `signature-input` in its normal form, the only one whose text is what was
 * signed (RFC 9421, section 2.3); undefined for another form, for parameters of components, and
 * for what is named twice.
 */
export function parseSignatureInput(text: string): SignatureInput | undefined {
  const [, list, rest] = innerList.exec(text) ?? [];
  if (list === undefined || rest === undefined) return undefined;
  const components = list.split(" ").flatMap((item) => componentForm.exec(item)?.[1] ?? []);
  const matches = [...rest.matchAll(parameterForm)];
  const parameters = new Map(matches.map(([, name = "", value = ""]) => [name, value]));
  const isNormal =
    components.map((name) => `"${name}"`).join(" ") === list &&
    matches.map(([whole]) => whole).join("") === rest &&
    new Set(components).size === components.length &&
    parameters.size === matches.length &&
    components.length + matches.length <= countMax;
  return isNormal ? { components, parameters } : undefined;
}

/** Writes a member of `signature-input`; parameters that are undefined are left out. */
export function writeSignatureInput(
  components: readonly string[],
  parameters: Readonly<Record<string, string | number | undefined>>,
): string {
  const list = components.map((name) => `"${name}"`).join(" ");
  const said = Object.entries(parameters).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [`;${name}=${typeof value === "number" ? value : writeString(value)}`];
  });
  return `(${list})${said.join("")}`;
}
