import { type DescService, getOption } from "@bufbuild/protobuf";
import { rest_errors as restErrors } from "@posthorn/proto/posthorn/type/v1/options";
import type { ErrorShape } from "@posthorn/rest";

/** The shapes that a service's option `rest_errors` may name. */
const shapes: ReadonlyMap<string, ErrorShape> = new Map([
  ["data_error", ({ status, message }) => ({ data: null, error: { code: status, message } })],
]);

/** Gives the shape of a service's errors; undefined for google.rpc.Status. */
export function errorShapeOf(service: DescService): ErrorShape | undefined {
  const name = getOption(service, restErrors);
  if (name === "") return undefined;
  const shape = shapes.get(name);
  if (shape === undefined) throw new Error(`${service}: rest_errors ${name} is no known shape`);
  return shape;
}
