import { create } from "@bufbuild/protobuf";
import { NullValue, type Value, ValueSchema } from "@bufbuild/protobuf/wkt";

/** Gives a text as a JSON value, an empty one as null. */
export function textOrNull(text: string): Value {
  const { NULL_VALUE } = NullValue;
  return create(ValueSchema, {
    kind:
      text === "" ? { case: "nullValue", value: NULL_VALUE } : { case: "stringValue", value: text },
  });
}
