import {
  create,
  type DescField,
  type DescMessage,
  getOption,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { DurationSchema, TimestampSchema } from "@bufbuild/protobuf/wkt";
import {
  type EnumRules,
  type FieldRules,
  FieldRulesSchema,
  field as fieldRules,
  Ignore,
  message as messageRules,
  oneof as oneofRules,
  type Rule,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { findField } from "../field-path.ts";
import { isRawJson } from "../raw-json.ts";
import { compact, type JsonSchema } from "./json-schema.ts";
import { constOf, given, numberKeywords, rangeText } from "./number-rules.ts";
import { bytesKeywords, bytesText, textKeywords, textRuleText } from "./text-rules.ts";

/** Tells whether protovalidate refuses a message without the field. */
export function isRequired(field: DescField): boolean {
  return rulesOf(field).required;
}

/** Gives the keywords that say what protovalidate checks of a field's value. */
export function ruleKeywords(field: DescField): JsonSchema {
  const rules = rulesOf(field);
  const keywords = keywordsOf(field, rules);
  const zero = rules.ignore === Ignore.IF_ZERO_VALUE ? zeroOf(field) : undefined;
  if (zero === undefined || Object.keys(keywords).length === 0) return keywords;
  return { anyOf: [{ const: zero }, keywords] };
}

/** The zero of a scalar as JSON says it; undefined for all else. */
function zeroOf(field: DescField): unknown {
  if (field.fieldKind !== "scalar" || isRawJson(field)) return undefined;
  switch (field.scalar) {
    case ScalarType.BOOL:
      return false;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return "";
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return "0";
    default:
      return 0;
  }
}

/** Gives the keywords for each item of a list, or each value of a map. */
export function itemKeywords(field: DescField): JsonSchema {
  const { type } = rulesOf(field);
  if (type.case === "repeated") return keywordsOf(field, type.value.items);
  return type.case === "map" ? keywordsOf(field, type.value.values) : {};
}

/** Gives in words what protovalidate checks and no keyword says. */
export function ruleText(field: DescField): string {
  const rules = rulesOf(field);
  const { type } = rules;
  const items = type.case === "repeated" ? type.value.items : undefined;
  const values = type.case === "map" ? type.value.values : undefined;
  const texts = [rules, items, values].flatMap((it) => (it === undefined ? [] : textsOf(it)));
  return texts.join(" ");
}

/** Gives an example that the rules themselves name, as ProtoJSON; undefined for none. */
export function ruleExample(field: DescField): unknown {
  const { type } = rulesOf(field);
  switch (type.case) {
    case undefined:
    case "repeated":
    case "map":
    case "any":
    case "bytes":
    case "enum":
    case "fieldMask":
      return undefined;
    case "duration":
      return type.value.example.map((it) => toJson(DurationSchema, it))[0];
    case "timestamp":
      return type.value.example.map((it) => toJson(TimestampSchema, it))[0];
    case "bool":
    case "string":
      return type.value.example[0];
    default: {
      const [first] = type.value.example;
      return typeof first === "bigint" ? String(first) : first;
    }
  }
}

/** Gives the keywords for which fields of a message go together. */
export function messageKeywords(desc: DescMessage): JsonSchema {
  const groups = desc.oneofs.map((oneof) => {
    const names = oneof.fields.map((field) => field.jsonName);
    return onlyOne(names, getOption(oneof, oneofRules).required);
  });
  const named = getOption(desc, messageRules).oneof.map(({ fields, required }) => {
    const names = fields.map((name) => findField(desc, name)?.jsonName ?? name);
    return onlyOne(names, required);
  });
  const all = [...groups, ...named];
  return all.length === 0 ? {} : { allOf: all };
}

/** Gives in words what protovalidate checks of a whole message. */
export function messageText(desc: DescMessage): string {
  return getOption(desc, messageRules).cel.map(celText).join(" ");
}

/** Gives the keywords for a oneof in which one field has to be set, or at most one. */
function onlyOne(names: readonly string[], isRequired: boolean): JsonSchema {
  const each = names.map((name) => ({ required: [name] }));
  return { oneOf: isRequired ? each : [...each, { not: { anyOf: each } }] };
}

function rulesOf(field: DescField): FieldRules {
  const rules = getOption(field, fieldRules);
  return rules.ignore === Ignore.ALWAYS ? noRules : rules;
}

const noRules = create(FieldRulesSchema);

function keywordsOf(field: DescField, rules: FieldRules | undefined): JsonSchema {
  if (rules === undefined) return {};
  const { type } = rules;
  switch (type.case) {
    case undefined:
    case "any":
    case "duration":
    case "fieldMask":
    case "timestamp":
      return {};
    case "bool":
      return constOf(type.value);
    case "string":
      return textKeywords(type.value);
    case "bytes":
      return bytesKeywords(field, type.value);
    case "enum":
      return enumKeywords(field, type.value);
    case "repeated":
      return compact({
        minItems: asNumber(given(type.value, "minItems")),
        maxItems: asNumber(given(type.value, "maxItems")),
        uniqueItems: type.value.unique || undefined,
      });
    case "map":
      return compact({
        minProperties: asNumber(given(type.value, "minPairs")),
        maxProperties: asNumber(given(type.value, "maxPairs")),
        propertyNames: filled(keywordsOf(field, type.value.keys)),
      });
    default:
      return numberKeywords(type.value);
  }
}

/** An enum's values as JSON names them; the zero, which JSON leaves out, never. */
function enumKeywords(field: DescField, rules: EnumRules): JsonSchema {
  const values = ("enum" in field && field.enum?.values) || [];
  const only = given(rules, "const");
  const allowed = values.filter(({ number }) => {
    if (number === 0 || rules.notIn.includes(number)) return false;
    if (only !== undefined) return number === only;
    return rules.in.length === 0 || rules.in.includes(number);
  });
  return { enum: allowed.map(({ name }) => name) };
}

function asNumber(bound: bigint | undefined): number | undefined {
  return bound === undefined ? undefined : Number(bound);
}

function filled(keywords: JsonSchema): JsonSchema | undefined {
  return Object.keys(keywords).length === 0 ? undefined : keywords;
}

function textsOf({ type, cel }: FieldRules): string[] {
  return [...typeTexts(type), ...cel.map(celText)].filter((text) => text !== "");
}

function typeTexts(type: FieldRules["type"]): string[] {
  switch (type.case) {
    case "int64":
    case "uint64":
    case "sint64":
    case "fixed64":
    case "sfixed64":
    case "duration":
    case "timestamp":
      return [rangeText(type.value)];
    case "string":
      return [textRuleText(type.value)];
    case "bytes":
      return [bytesText(type.value)];
    default:
      return [];
  }
}

/** A rule in words of its own, as a sentence. */
function celText({ message, expression }: Rule): string {
  const text = message === "" ? `\`${expression}\`` : message;
  return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}
