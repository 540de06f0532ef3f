import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { isMessage } from "@bufbuild/protobuf";
import { HttpBodySchema } from "@posthorn/proto/google/api/httpbody";
import { fieldWriter, type JsonWriter, messageWriter } from "./json-writer.ts";
import type { Route } from "./route.ts";

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
  const write = jsonWriterOf(route);
  const { httpStatus: status, template } = route;
  if (status === 204) {
    return () => ({ status, headers: {}, body: new Uint8Array(), route: template.source });
  }
  const headers = { "content-type": "application/json" };
  return (message) => {
    if (isMessage(message, HttpBodySchema)) {
      const { contentType, data } = message;
      return { status, headers: typed(contentType), body: data, route: template.source };
    }
    return { status, headers, body: Buffer.from(write(message)), route: template.source };
  };
}

/** Gives the writer of one message of a route's answer, or of the field that stands for it. */
export function jsonWriterOf({ method, responseField }: Route): JsonWriter {
  if (responseField === undefined) return messageWriter(method.output);
  const write = fieldWriter(responseField);
  const { localName } = responseField;
  return (message) => {
    const value = (message as Readonly<Record<string, unknown>>)[localName];
    return value === undefined ? "null" : write(value);
  };
}

function typed(contentType: string): Record<string, string> {
  return { "content-type": contentType || "application/octet-stream" };
}
