import { Code, ConnectError } from "@connectrpc/connect";
import { AppError, invalid, type Reason, wire } from "@posthorn/errors";
import type { ErrorShape } from "../error-shape.ts";
import { unsupportedType } from "../request-body.ts";
import type { Route } from "../route.ts";
import { HttpRefusal, refuse } from "../status.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The schema of every refusal: google.rpc.Status with the details that we give. */
export const statusSchema: JsonSchema = {
  type: "object",
  description: "Why a request was refused, as google.rpc.Status.",
  properties: {
    code: { type: "integer", format: "int32", description: "The number of the gRPC code." },
    message: { type: "string", description: "What was wrong, for people." },
    details: {
      type: "array",
      items: { $ref: "#/components/schemas/StatusDetail" },
      description: "What was wrong, for programs.",
    },
  },
  required: ["code", "message", "details"],
};

/** The schema of one detail: which members it has depends on its type. */
export const statusDetailSchema: JsonSchema = {
  type: "object",
  properties: {
    "@type": {
      type: "string",
      description: "`type.googleapis.com/google.rpc.` and ErrorInfo, BadRequest or RetryInfo.",
    },
    reason: { type: "string", description: "ErrorInfo: the reason, such as `NOT_FOUND`." },
    domain: { type: "string", description: "ErrorInfo: whose reason it is." },
    fieldViolations: {
      type: "array",
      description: "BadRequest: the fields that are wrong.",
      items: {
        type: "object",
        properties: {
          field: { type: "string", description: "The JSON path, such as `events[3].type`." },
          description: { type: "string" },
          reason: { type: "string", description: "For programs, such as `duplicate_key`." },
        },
      },
    },
    retryDelay: { type: "string", description: 'RetryInfo: when to try again, such as "2s".' },
  },
  required: ["@type"],
};

/** How a service's errors look when they are no google.rpc.Status. */
export interface ErrorForm {
  /** What their components are called, such as `DataError`. */
  readonly name: string;
  readonly schema: JsonSchema;
  readonly shape: ErrorShape;
}

/** A refusal as a response: what it means, and what it may look like. */
interface Refused {
  readonly name: string;
  readonly status: number | "default";
  readonly description: string;
  readonly example: unknown;
  isOf(route: Route): boolean;
}

const retryAfter = {
  "retry-after": {
    description: "After how many seconds to try again.",
    schema: { type: "integer" },
  },
};

const headers: Readonly<Record<string, JsonSchema>> = {
  401: { "www-authenticate": { schema: { type: "string", const: "Bearer" } } },
  429: retryAfter,
  503: retryAfter,
};

const hasBody = ({ body }: Route) => body.kind !== "none";
const always = () => true;

/** What can be refused, by status; each says the reasons of the one table that have it. */
const refused: readonly Refused[] = [
  {
    name: "Invalid",
    status: 400,
    description: "The request is wrong, or what it asks for is not possible as things stand.",
    example: invalid("pageSize", "must be at least 1"),
    isOf: always,
  },
  {
    name: "Unauthenticated",
    status: 401,
    description: "There is no key, or not a good one.",
    example: new AppError("unauthenticated", "a key is missing: send Authorization: Bearer <key>"),
    isOf: ({ needsKey }) => needsKey,
  },
  {
    name: "Forbidden",
    status: 403,
    description: "The key is not for this.",
    example: new AppError("forbidden", "the key does not have the scope webhooks"),
    isOf: ({ needsKey }) => needsKey,
  },
  {
    name: "NotFound",
    status: 404,
    description: "There is no such thing, or not for this key.",
    example: new AppError("not_found", "no webhook wh_01kc2v9r4hf5q8b6wz3n7m1d0e"),
    isOf: ({ pathParams }) => pathParams.length > 0,
  },
  {
    name: "Conflict",
    status: 409,
    description: "It is there already, or was changed by someone else meanwhile.",
    example: new AppError("conflict", "the webhook was changed, read it again"),
    isOf: ({ httpMethod }) => httpMethod !== "GET",
  },
  {
    name: "TooLarge",
    status: 413,
    description: "The body is too large.",
    example: new AppError("too_large", "the body has more than 8388608 bytes"),
    isOf: hasBody,
  },
  {
    name: "UnsupportedMediaType",
    status: 415,
    description: "The body is compressed, or of a wrong type.",
    example: new HttpRefusal(unsupportedType("the body must be application/json")),
    isOf: hasBody,
  },
  {
    name: "Limited",
    status: 429,
    description: "There were too many requests. Send it again later.",
    example: new AppError("limited", "too many requests", { retryAfterMs: 2_000 }),
    isOf: ({ needsKey }) => needsKey,
  },
  {
    name: "Unavailable",
    status: 503,
    description: "It cannot be done for a while. Send it again later.",
    example: new AppError("unavailable", "the service cannot be reached, try again"),
    isOf: always,
  },
  {
    name: "Error",
    status: "default",
    description: "The request was refused, or failed.",
    example: new ConnectError("internal error (request 0198)", Code.Internal),
    isOf: always,
  },
];

/** Refers to the responses of all that a route may refuse, by status. */
export function errorRefs(route: Route, form: ErrorForm | undefined): JsonSchema {
  const own = refused.filter((it) => it.isOf(route));
  return Object.fromEntries(
    own.map(({ name, status }) => {
      return [String(status), { $ref: `#/components/responses/${form?.name ?? ""}${name}` }];
    }),
  );
}

/** Gives the components of every refusal in one form. */
export function errorResponses(form: ErrorForm | undefined): Record<string, JsonSchema> {
  const schema = { $ref: `#/components/schemas/${form?.name ?? "Status"}` };
  return Object.fromEntries(
    refused.map(({ name, status, description, example }) => {
      const content = { "application/json": { schema, example: bodyOf(example, form) } };
      const response = {
        description: `${description}${reasonsText(status)}`,
        ...(headers[status] && { headers: headers[status] }),
        content,
      };
      return [`${form?.name ?? ""}${name}`, response];
    }),
  );
}

/** The body that the handler itself would answer. */
function bodyOf(example: unknown, form: ErrorForm | undefined): unknown {
  return JSON.parse(Buffer.from(refuse(example, "0198", form?.shape).body).toString());
}

function reasonsText(status: Refused["status"]): string {
  const reasons = (Object.keys(wire) as Reason[]).filter((it) => wire[it].httpStatus === status);
  const names = reasons.map((reason) => `\`${reason.toUpperCase()}\``).join(", ");
  return names === "" ? "" : ` Reasons: ${names}.`;
}
