import type { DescMethod } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createMethodImplSpec,
  createServiceImplSpec,
  type MethodImplSpec,
} from "@connectrpc/connect";
import type { Routes } from "./routes.ts";

/** Gives the implementation of a method. Throws Unimplemented when no service has it. */
export type FindImplementation = (method: DescMethod) => MethodImplSpec;

/** Collects the implementations that routes register, without any protocol around them. */
export function localRoutes(routes: Routes): FindImplementation {
  const specs = new Map<DescMethod, MethodImplSpec>();
  const router: ConnectRouter = {
    handlers: [],
    service(service, implementation) {
      const { methods } = createServiceImplSpec(service, implementation);
      for (const spec of Object.values(methods)) specs.set(spec.method, spec);
      return router;
    },
    rpc(method, implementation) {
      specs.set(method, createMethodImplSpec(method, implementation));
      return router;
    },
  };
  routes(router);
  return (method) => {
    const spec = specs.get(method);
    if (spec !== undefined) return spec;
    throw new ConnectError(`${method.toString()} is served by no one`, Code.Unimplemented);
  };
}
