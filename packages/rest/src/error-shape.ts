import type { DescService, JsonValue } from "@bufbuild/protobuf";
import type { Code } from "@connectrpc/connect";
import type { RouteTable } from "./route-table.ts";
import { decodedSegment } from "./template.ts";

/** What an error's body is made from. */
export interface RefusedRequest {
  /** The HTTP status of the answer. */
  readonly status: number;
  /** The gRPC code. */
  readonly code: Code;
  /** The reason of its ErrorInfo, such as `NOT_FOUND`; empty where there is none. */
  readonly reason: string;
  /** What was wrong, for people. */
  readonly message: string;
}

/** Makes the body of an error's answer, for services that have another than google.rpc.Status. */
export type ErrorShape = (refused: RefusedRequest) => JsonValue;

/** Gives a service's shape; undefined for google.rpc.Status. */
export type ErrorShapeOf = (service: DescService) => ErrorShape | undefined;

/**
 * Gives the shape that errors have at a path, known or unknown: that of the services whose templates
 * begin with the path's first segment, but google.rpc.Status where these have several. The path
 * is as it came, percent-encoded and with or without a query.
 */
export function errorShapes(
  { routes }: RouteTable,
  shapeOf: ErrorShapeOf,
): (path: string) => ErrorShape | undefined {
  const shapes = new Map<string, ErrorShape | undefined>();
  for (const { template, method } of routes) {
    const [first] = template.segments;
    if (first?.kind !== "literal") continue;
    const shape = shapeOf(method.parent);
    const isShared = shapes.has(first.text) && shapes.get(first.text) !== shape;
    shapes.set(first.text, isShared ? undefined : shape);
  }
  return (path) => {
    const [first = ""] = path.slice(1).split(/[/:?]/, 1);
    return shapes.get(decodedSegment(first) ?? "");
  };
}
