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

/** The answer to every request that is refused. */
export const errorResponse: JsonSchema = {
  description: "The request was refused, or failed.",
  content: { "application/json": { schema: { $ref: "#/components/schemas/Status" } } },
};
