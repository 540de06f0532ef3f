import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescMethodStreaming,
  type DescMethodUnary,
  getOption,
} from "@bufbuild/protobuf";
import type { Http } from "@posthorn/proto/google/api/http";
import { HttpBodySchema } from "@posthorn/proto/google/api/httpbody";
import { access, http_status as httpStatus } from "@posthorn/proto/posthorn/type/v1/options";
import { fieldPathText, findField, findFieldPath } from "./field-path.ts";
import { type Binding, bindingsOf, type RuleOf } from "./http-rule.ts";
import { type Param, paramOf } from "./param.ts";
import { type PathTemplate, parseTemplate } from "./template.ts";

/** Where a request's body goes. */
export type RouteBody =
  | { readonly kind: "none" }
  /** Every field that the path does not bind. */
  | { readonly kind: "all" }
  /** One field, as JSON. */
  | { readonly kind: "field"; readonly field: DescField }
  /** A field of type google.api.HttpBody, or the whole request: bytes of any content type. */
  | { readonly kind: "bytes"; readonly field: DescField | undefined };

/** A method whose requests or answers are streams. */
export type StreamingMethod = DescMethodStreaming<DescMessage, DescMessage>;

/** A method that REST can call. */
export type RestMethod = DescMethodUnary<DescMessage, DescMessage> | StreamingMethod;

/** One HTTP method and path template that lead to a method. */
export interface Route {
  readonly method: RestMethod;
  /** In upper case; `*` for any. */
  readonly httpMethod: string;
  readonly template: PathTemplate;
  /** The fields that the template's variables are put into, in the same order. */
  readonly pathParams: readonly Param[];
  /** Whether `%2F` is decoded in variables of several segments, too. */
  readonly decodesSlashes: boolean;
  readonly body: RouteBody;
  /** The field that the answer's body is; undefined for the whole message. */
  readonly responseField: DescField | undefined;
  /** The status of a success. */
  readonly httpStatus: number;
  /** Whether the method's access option asks for a key. */
  readonly needsKey: boolean;
}

/** Rules from elsewhere than the methods' options, and how variables are decoded. */
export type RouteRules = Pick<Http, "fullyDecodeReservedExpansion"> & { readonly ruleOf: RuleOf };

/** Gives the routes of a method, the main one first. Throws, naming the method, on a bad rule. */
export function routesOf(method: DescMethod, rules: RouteRules): Route[] {
  const rule = rules.ruleOf(method);
  if (rule === undefined) return [];
  return bindingsOf(method, rule).map((binding) => {
    try {
      return routeOf(method, binding, rules);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`${method}, ${binding.httpMethod} ${binding.path}: ${why}`, { cause });
    }
  });
}

function routeOf(method: RestMethod, binding: Binding, rules: RouteRules): Route {
  const template = parseTemplate(binding.path);
  const pathParams = pathParamsOf(method.input, template);
  const body = bodyOf(method.input, binding);
  checkApart(pathParams, body);
  return {
    method,
    httpMethod: binding.httpMethod,
    template,
    pathParams,
    decodesSlashes: rules.fullyDecodeReservedExpansion,
    body,
    responseField: responseFieldOf(method.output, binding.responseBody),
    httpStatus: statusOf(method),
    needsKey: getOption(method, access).level !== 0,
  };
}

/** What path and body bind must be able to stand in one message. */
function checkApart(pathParams: readonly Param[], body: RouteBody): void {
  for (const { path, name } of pathParams) {
    const isBody = path.length === 1 && "field" in body && body.field === path[0];
    if (isBody) throw new Error(`both path and body bind ${name}`);
  }
  const oneofs = pathParams.flatMap(({ path }) => path.at(-1)?.oneof ?? []);
  const twice = oneofs.find((oneof, index) => oneofs.indexOf(oneof) !== index);
  if (twice !== undefined) throw new Error(`the path binds two fields of the oneof ${twice.name}`);
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
  if (body === "*") {
    return isHttpBody(input) ? { kind: "bytes", field: undefined } : { kind: "all" };
  }
  const field = findField(input, body);
  if (field === undefined) throw new Error(`${input} has no field ${body}`);
  const isBytes = field.fieldKind === "message" && isHttpBody(field.message);
  return { kind: isBytes ? "bytes" : "field", field };
}

/** Tells whether a method takes more than one request. */
export function streamsRequests({ methodKind }: RestMethod): boolean {
  return methodKind === "client_streaming" || methodKind === "bidi_streaming";
}

/** Tells whether a method gives more than one answer. */
export function streamsAnswers({ methodKind }: RestMethod): boolean {
  return methodKind === "server_streaming" || methodKind === "bidi_streaming";
}

/** Tells whether a message stands for bytes of any type. */
export function isHttpBody({ typeName }: DescMessage): boolean {
  return typeName === HttpBodySchema.typeName;
}

function responseFieldOf(output: DescMessage, name: string): DescField | undefined {
  if (name === "") return undefined;
  const field = findField(output, name);
  if (field === undefined) throw new Error(`${output} has no field ${name}`);
  return field;
}
