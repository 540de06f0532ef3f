import { create } from "@bufbuild/protobuf";
import type { Interceptor, MethodImplSpec, UnaryRequest, UnaryResponse } from "@connectrpc/connect";
import { contextOf } from "./local-context.ts";

/** The way of a unary call through the interceptors to its implementation, and back. */
export type InvokeUnary = (request: UnaryRequest) => Promise<UnaryResponse>;

type UnarySpec = Extract<MethodImplSpec, { kind: "unary" }>;

/**
 * Gives the way to a method's implementation. As Connect's `invokeUnaryImplementation`, which puts
 * the interceptors together anew for each call and asks for its signal.
 */
export function unaryInvoker(
  { method, impl }: UnarySpec,
  interceptors: readonly Interceptor[],
): InvokeUnary {
  const { parent: service, output } = method;
  const innermost: Next = async (request) => {
    if (request.stream) throw new Error(`${method.toString()} was asked with a stream`);
    const context = contextOf(request);
    const message = create(output, await impl(request.message, context));
    const { responseHeader: header, responseTrailer: trailer } = context;
    return { stream: false, method, service, message, header, trailer };
  };
  const next = interceptors.reduceRight((inner, interceptor) => interceptor(inner), innermost);
  return async (request) => {
    const response = await next(request);
    if (response.stream) throw new Error(`${method.toString()} answered with a stream`);
    return response;
  };
}

type Next = Parameters<Interceptor>[0];
