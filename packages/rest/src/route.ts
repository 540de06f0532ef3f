import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  getOption,
} from "@bufbuild/protobuf";
import { HttpBodySchema } from "@posthorn/proto/google/api/httpbody";
import { access, http_status as httpStatus } from "@posthorn/proto/posthorn/type/v1/options";
import { fieldPathText, findField, findFieldPath } from "./field-path.ts";
import { type Binding, bindingsOf } from "./http-rule.ts";
import { type Param, paramOf } from "./param.ts";
import { type PathTemplate, parseTemplate } from "./template.ts";

/** Where a request's body goes. */
export type RouteBody =
  | { readonly kind: "none" }
  /** Every field that the path does not bind. */
  | { readonly kind: "all" }
  /** One field, as JSON. */
  | { readonly kind: "field"; readonly field: DescField }
  /** One field of type google.api.HttpBody, bytes of any content type. */
  | { readonly kind: "bytes"; readonly field: DescField };

/** A method that REST can call: one request message, one or many answers. */
export type RestMethod =
  | DescMethodUnary<DescMessage, DescMessage>
  | DescMethodServerStreaming<DescMessage, DescMessage>;

/** One HTTP method and path template that lead to a method. */
export interface Route {
  readonly method: RestMethod;
  /** In upper case; `*` for any. */
  readonly httpMethod: string;
  readonly template: PathTemplate;
  /** The fields that the template's variables are put into, in the same order. */
  readonly pathParams: readonly Param[];
  readonly body: RouteBody;
  /** The field that the answer's body is; undefined for the whole message. */
  readonly responseField: DescField | undefined;
  /** The status of a success. */
  readonly httpStatus: number;
  /** Whether the method's access option asks for a key. */
  readonly needsKey: boolean;
}

/** Gives the routes of a method, the main one first. Throws, naming the method, on a bad rule. */
export function routesOf(method: DescMethod): Route[] {
  return bindingsOf(method).map((binding) => {
    try {
      return routeOf(method, binding);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${method}, ${binding.httpMethod} ${binding.path}: ${why}`, { cause });
    }
  });
}

function routeOf(method: DescMethod, binding: Binding): Route {
  const template = parseTemplate(binding.path);
  return {
    method: checkMethod(method),
    httpMethod: binding.httpMethod,
    template,
    pathParams: pathParamsOf(method.input, template),
    body: bodyOf(method.input, binding),
    responseField: responseFieldOf(method.output, binding.responseBody),
    httpStatus: statusOf(method),
    needsKey: getOption(method, access).level !== 0,
  };
}

function checkMethod(method: DescMethod): RestMethod {
  if (isRestMethod(method)) return method;
  throw new Error("REST cannot stream requests");
}

function isRestMethod(method: DescMethod): method is RestMethod {
  return method.methodKind === "unary" || method.methodKind === "server_streaming";
}

/** An answer of 204 has no body (RFC 9110, 15.3.5), so nothing may be lost with it. */
function statusOf(method: DescMethod): number {
  const status = getOption(method, httpStatus) || 200;
  const isSuccess = Number.isInteger(status) && status >= 200 && status <= 299;
  if (!isSuccess) throw new Error(`${status} is no status of a success`);
  const isEmpty = method.methodKind === "unary" && method.output.fields.length === 0;
  if (status === 204 && !isEmpty) throw new Error(`204 has no body, but ${method.output} has`);
  return status;
}

function pathParamsOf(input: DescMessage, { variables }: PathTemplate): Param[] {
  const params = variables.map(({ fieldPath }) => {
    const path = findFieldPath(input, fieldPath);
    if (path === undefined) throw new Error(`${input} has no field ${fieldPath.join(".")}`);
    const last = path.at(-1);
    const param = paramOf(path);
    if (param === undefined || (last?.fieldKind !== "scalar" && last?.fieldKind !== "enum")) {
      throw new Error(`field ${fieldPathText(path)} is no single scalar, so no path can bind it`);
    }
    return param;
  });
  const twice = params.find((param, index) => {
    return params.findIndex(({ name }) => name === param.name) !== index;
  });
  if (twice !== undefined) throw new Error(`the path binds ${twice.name} twice`);
  return params;
}

function bodyOf(input: DescMessage, { body, httpMethod }: Binding): RouteBody {
  if (body === "") return { kind: "none" };
  if (httpMethod === "GET" || httpMethod === "HEAD" || httpMethod === "DELETE") {
    throw new Error(`${httpMethod} takes no body`);
  }
  if (body === "*") return { kind: "all" };
  const field = findField(input, body);
  if (field === undefined) throw new Error(`${input} has no field ${body}`);
  const isBytes =
    field.fieldKind === "message" && field.message.typeName === HttpBodySchema.typeName;
  return { kind: isBytes ? "bytes" : "field", field };
}

function responseFieldOf(output: DescMessage, name: string): DescField | undefined {
  if (name === "") return undefined;
  const field = findField(output, name);
  if (field === undefined) throw new Error(`${output} has no field ${name}`);
  return field;
}
