import { type DescField, getOption } from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as fieldRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { compact, type JsonSchema } from "./json-schema.ts";

/** Tells whether protovalidate refuses a message without the field. */
export function isRequired(field: DescField): boolean {
  return getOption(field, fieldRules).required;
}

/** Gives the keywords that say what protovalidate checks of a field's value. */
export function ruleKeywords(field: DescField): JsonSchema {
  return keywordsOf(getOption(field, fieldRules));
}

/** Gives the keywords for each item of a list, or each value of a map. */
export function itemKeywords(field: DescField): JsonSchema {
  const { type } = getOption(field, fieldRules);
  if (type.case === "repeated") return keywordsOf(type.value.items);
  return type.case === "map" ? keywordsOf(type.value.values) : {};
}

function keywordsOf(rules: FieldRules | undefined): JsonSchema {
  const type = rules?.type;
  switch (type?.case) {
    case "string": {
      const { minLen, maxLen, len, pattern, in: values, maxBytes } = type.value;
      return compact({
        minLength: asNumber(minLen) ?? asNumber(len),
        // A character has at least one byte.
        maxLength: asNumber(maxLen) ?? asNumber(len) ?? asNumber(maxBytes),
        pattern,
        enum: values.length > 0 ? values : undefined,
      });
    }
    case "repeated":
      return compact({
        minItems: asNumber(type.value.minItems),
        maxItems: asNumber(type.value.maxItems),
        uniqueItems: type.value.unique || undefined,
      });
    case "map":
      return compact({
        minProperties: asNumber(type.value.minPairs),
        maxProperties: asNumber(type.value.maxPairs),
        propertyNames: propertyNames(type.value.keys),
      });
    case "int32":
    case "uint32":
    case "sint32":
    case "float":
    case "double":
      return compact({
        minimum: type.value.greaterThan.case === "gte" ? type.value.greaterThan.value : undefined,
        exclusiveMinimum:
          type.value.greaterThan.case === "gt" ? type.value.greaterThan.value : undefined,
        maximum: type.value.lessThan.case === "lte" ? type.value.lessThan.value : undefined,
        exclusiveMaximum: type.value.lessThan.case === "lt" ? type.value.lessThan.value : undefined,
      });
    default:
      return {};
  }
}

function propertyNames(rules: FieldRules | undefined): JsonSchema | undefined {
  const keywords = keywordsOf(rules);
  return Object.keys(keywords).length === 0 ? undefined : keywords;
}

/** An unset bound reads as its zero, which says nothing. */
function asNumber(bound: bigint): number | undefined {
  return bound === 0n ? undefined : Number(bound);
}
