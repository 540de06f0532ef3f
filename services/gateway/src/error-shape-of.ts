import { type DescService, getOption } from "@bufbuild/protobuf";
import { rest_errors as restErrors } from "@posthorn/proto/posthorn/type/v1/options";
import type { ErrorForm, ErrorShape } from "@posthorn/rest";

/** The forms that a service's option `rest_errors` may name. */
const forms: ReadonlyMap<string, ErrorForm> = new Map([
  [
    "data_error",
    {
      name: "DataError",
      shape: ({ status, message }) => ({ data: null, error: { code: status, message } }),
      schema: {
        type: "object",
        description: "Why a request was refused.",
        properties: {
          data: { type: "null" },
          error: {
            type: "object",
            properties: {
              code: { type: "integer", description: "The HTTP status." },
              message: { type: "string", description: "What was wrong, for people." },
            },
            required: ["code", "message"],
          },
        },
        required: ["data", "error"],
      },
    },
  ],
]);

/** Gives the shape of a service's errors; undefined for google.rpc.Status. */
export function errorShapeOf(service: DescService): ErrorShape | undefined {
  return errorFormOf(service)?.shape;
}

/** Gives the form of a service's errors, as the API's description has it. */
export function errorFormOf(service: DescService): ErrorForm | undefined {
  const name = getOption(service, restErrors);
  if (name === "") return undefined;
  const form = forms.get(name);
  if (form === undefined) throw new Error(`${service}: rest_errors ${name} is no known form`);
  return form;
}
