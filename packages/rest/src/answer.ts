import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import type { HttpBody } from "@posthorn/proto/google/api/httpbody";
import { fieldValue } from "./field-value.ts";
import { fieldWriter, type JsonWriter, messageWriter } from "./json-writer.ts";
import { messagesKnownTo } from "./known-messages.ts";
import { isHttpBody, type Route } from "./route.ts";

/** What REST answers. */
export interface RestAnswer {
  readonly status: number;
  /** By name, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At once, or piece by piece for a stream. */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
  /** The path template that answered, for metrics; undefined for an unknown path. */
  readonly route: string | undefined;
}

/** Turns a method's answer into one of REST, without the headers that every answer has. */
export type AnswerWriter = (message: MessageShape<DescMessage>) => RestAnswer;

/** Compiles the writer of a route's answers. */
export function answerWriter(route: Route): AnswerWriter {
  const { httpStatus: status, template } = route;
  const { source } = template;
  if (status === 204) return () => ({ status, headers: {}, body: new Uint8Array(), route: source });
  const bytesOf = bytesReaderOf(route);
  if (bytesOf !== undefined) {
    return (message) => {
      const bytes = bytesOf(message);
      const headers = { "content-type": contentTypeOf(bytes) };
      return { status, headers, body: bytes?.data ?? new Uint8Array(), route: source };
    };
  }
  const write = jsonWriterOf(route);
  const headers = { "content-type": "application/json" };
  return (message) => ({ status, headers, body: Buffer.from(write(message)), route: source });
}

/** Gives the writer of one message of a route's answer, or of the field that stands for it. */
export function jsonWriterOf({ method, responseField }: Route): JsonWriter {
  const registry = messagesKnownTo(method.parent.file);
  if (responseField === undefined) return messageWriter(method.output, registry);
  const write = fieldWriter(responseField, registry);
  return (message) => {
    const value = fieldValue(message, responseField);
    return value === undefined ? "null" : write(value);
  };
}

/** Gives the bytes that an answer's message, or one of a stream, stands for. */
export type BytesReader = (message: unknown) => HttpBody | undefined;

/** Gives the reader of a route whose answer is a google.api.HttpBody; undefined for JSON. */
export function bytesReaderOf({ method, responseField }: Route): BytesReader | undefined {
  if (responseField === undefined) {
    return isHttpBody(method.output) ? (message) => message as HttpBody : undefined;
  }
  const isBytes = responseField.fieldKind === "message" && isHttpBody(responseField.message);
  if (!isBytes) return undefined;
  return (message) => fieldValue(message, responseField) as HttpBody | undefined;
}

/** The type of an answer's bytes; of a stream's, that of its first message. */
export function contentTypeOf(bytes: HttpBody | undefined): string {
  return bytes?.contentType || "application/octet-stream";
}
