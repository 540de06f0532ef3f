import type { DescField } from "@bufbuild/protobuf";
import type {
  BytesRules,
  StringRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { isRawJson } from "../raw-json.ts";
import { compact, type JsonSchema } from "./json-schema.ts";
import { constOf, given } from "./number-rules.ts";

/** Gives the keywords of a text's rules. */
export function textKeywords(rules: StringRules): JsonSchema {
  const { in: values, notIn } = rules;
  const patterns = patternsOf(rules);
  const [pattern] = patterns;
  return {
    ...constOf(rules),
    ...lengthKeywords(rules),
    ...compact({
      pattern: patterns.length === 1 ? pattern : undefined,
      allOf: patterns.length > 1 ? patterns.map((it) => ({ pattern: it })) : undefined,
      enum: values.length > 0 ? values : undefined,
      not: notKeywords(rules, notIn),
      format: formats[rules.wellKnown.case ?? ""],
    }),
  };
}

/** A character has at least one byte. */
function lengthKeywords(rules: StringRules): JsonSchema {
  const length = asNumber(given(rules, "len"));
  const bytes = asNumber(given(rules, "maxBytes")) ?? asNumber(given(rules, "lenBytes"));
  return compact({
    minLength: length ?? asNumber(given(rules, "minLen")),
    maxLength: length ?? asNumber(given(rules, "maxLen")) ?? bytes,
  });
}

function patternsOf(rules: StringRules): string[] {
  const { pattern, prefix, suffix, contains } = rules;
  return [
    pattern,
    prefix && `^${escaped(prefix)}`,
    suffix && `${escaped(suffix)}$`,
    escaped(contains),
  ].filter((it) => it !== "");
}

function notKeywords(rules: StringRules, notIn: readonly string[]): JsonSchema | undefined {
  const never = [
    ...(notIn.length > 0 ? [{ enum: notIn }] : []),
    ...(rules.notContains === "" ? [] : [{ pattern: escaped(rules.notContains) }]),
  ];
  return never.length > 1 ? { anyOf: never } : never[0];
}

/** The formats of JSON Schema that mean what protovalidate's mean. */
const formats: Readonly<Record<string, string>> = {
  email: "email",
  hostname: "hostname",
  ipv4: "ipv4",
  ipv6: "ipv6",
  uri: "uri",
  uriRef: "uri-reference",
  uuid: "uuid",
};

const formatTexts: Readonly<Record<string, string>> = {
  ip: "An IP address.",
  address: "A host name or an IP address.",
  tuuid: "A UUID without its hyphens.",
  ulid: "A ULID.",
  ipPrefix: "An IP prefix.",
  ipWithPrefixlen: "An IP address with the length of its prefix.",
  hostAndPort: "A host and a port.",
};

/** Says in words what no keyword can of a text. */
export function textRuleText(rules: StringRules): string {
  const least = asNumber(given(rules, "minBytes"));
  const texts = [
    least === undefined ? "" : `At least ${least} bytes.`,
    formatTexts[rules.wellKnown.case ?? ""] ?? "",
  ];
  return texts.filter((text) => text !== "").join(" ");
}

/** Gives the keywords of bytes, which are base64 in JSON; a raw value's are none of its JSON. */
export function bytesKeywords(field: DescField, rules: BytesRules): JsonSchema {
  if (isRawJson(field)) return {};
  const length = asNumber(given(rules, "len"));
  return compact({
    minLength: base64Length(length ?? asNumber(given(rules, "minLen")), 0),
    maxLength: base64Length(length ?? asNumber(given(rules, "maxLen")), 2),
  });
}

/** Base64 may leave its padding out, which the least length has to allow. */
function base64Length(byteCount: number | undefined, paddingMax: number): number | undefined {
  if (byteCount === undefined) return undefined;
  return paddingMax === 0 ? Math.ceil((byteCount * 4) / 3) : Math.ceil(byteCount / 3) * 4;
}

/** Says in words what bytes may have. */
export function bytesText(rules: BytesRules): string {
  const length = asNumber(given(rules, "len"));
  const most = length ?? asNumber(given(rules, "maxLen"));
  const least = length ?? asNumber(given(rules, "minLen"));
  const texts = [
    least === undefined ? "" : `At least ${least} bytes.`,
    most === undefined ? "" : `At most ${most} bytes.`,
  ];
  return texts.filter((text) => text !== "").join(" ");
}

function asNumber(bound: bigint | undefined): number | undefined {
  return bound === undefined ? undefined : Number(bound);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
