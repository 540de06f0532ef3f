import {
  type EnvelopeField,
  EnvelopeField_Source,
  type Envelope as Message,
} from "@posthorn/proto/posthorn/type/v1/envelope";
import {
  compileEnvelope,
  defaultEnvelope,
  type Envelope,
  type EnvelopeMember,
} from "../domain/envelope.ts";

/**
 * Compiles a provider's envelopes, by version, oldest first; never empty. Throws a plain Error for
 * what this process does not know yet.
 */
export function toEnvelopes(
  messages: readonly Message[],
  revision: bigint,
): ReadonlyMap<string, Envelope> {
  if (messages.length === 0) return onlyDefault;
  const compiled = messages.map(({ version, fields }) =>
    compileEnvelope({ revision: revision.toString(), version }, fields.map(toMember)),
  );
  return new Map(compiled.map((envelope) => [envelope.version, envelope]));
}

const onlyDefault: ReadonlyMap<string, Envelope> = new Map([
  [defaultEnvelope.version, defaultEnvelope],
]);

function toMember(field: EnvelopeField): EnvelopeMember {
  return {
    name: field.name,
    source: toSource(field.source),
    isSpread: field.spread,
    isOmittedWhenAbsent: field.omitWhenAbsent,
    text: field.text,
  };
}

function toSource(source: EnvelopeField_Source): EnvelopeMember["source"] {
  switch (source) {
    case EnvelopeField_Source.EVENT_ID:
      return "EVENT_ID";
    case EnvelopeField_Source.EVENT_TYPE:
      return "EVENT_TYPE";
    case EnvelopeField_Source.TIME:
      return "TIME";
    case EnvelopeField_Source.DATA:
      return "DATA";
    case EnvelopeField_Source.CONNECTION_ID:
      return "CONNECTION_ID";
    case EnvelopeField_Source.INTEGRATION_NAME:
      return "INTEGRATION_NAME";
    case EnvelopeField_Source.PREVIOUS_ATTRIBUTES:
      return "PREVIOUS_ATTRIBUTES";
    case EnvelopeField_Source.TEXT:
      return "TEXT";
    case EnvelopeField_Source.VERSION:
      return "VERSION";
    case EnvelopeField_Source.SOURCE_UNSPECIFIED:
  }
  throw new Error(`source ${String(source)} of an envelope is newer than this process`);
}
