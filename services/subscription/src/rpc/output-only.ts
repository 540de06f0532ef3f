import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { FieldProblem } from "@posthorn/errors";
import { refuseProblems } from "../domain/problems.ts";

/** Gives the names (in proto) of the fields that are set. */
export function populatedFields<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
): string[] {
  const reflected = reflect(schema, message);
  return schema.fields.filter((field) => reflected.isSet(field)).map((field) => field.name);
}

/** Gives a problem for each of the named fields that is set; `prefix` is the message's path. */
export function outputOnlyProblems<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  { names, prefix }: { names: readonly string[]; prefix: string },
): FieldProblem[] {
  const reflected = reflect(schema, message);
  return schema.fields
    .filter((field) => names.includes(field.name) && reflected.isSet(field))
    .map((field) => ({
      field: prefix === "" ? field.jsonName : `${prefix}.${field.jsonName}`,
      description: "is set by posthorn",
    }));
}

/** Throws `invalid` when one of the named fields is set, naming each that is. */
export function refuseOutputOnly<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  options: { names: readonly string[]; prefix: string },
): void {
  refuseProblems(outputOnlyProblems(schema, message, options));
}
