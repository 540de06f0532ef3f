import { openBus } from "@posthorn/bus";
import { isUnavailable } from "@posthorn/postgres";
import {
  remoteAuthority,
  remoteTransport,
  rpcServer,
  serverInterceptors,
  withServiceKey,
} from "@posthorn/rpc";
import { type ProcessContext, runProcess } from "@posthorn/runtime";
import { readDeliveryConfig, readDeliveryProcessConfig } from "./config.ts";
import { deliveryService } from "./service.ts";

await runProcess({ name: "delivery", process, compose });

async function compose({ env, log, metrics, tracing }: ProcessContext) {
  const config = readDeliveryConfig(env);
  const { host, port, kafka, subscriptionUrl, serviceKey } = readDeliveryProcessConfig(env);
  env.check();
  const { databaseUrl } = config;
  const bus = await openBus({ kafka, databaseUrl, clientId: "posthorn-delivery", log });
  const remote = remoteTransport({ url: subscriptionUrl });
  const subscription = withServiceKey(remote, serviceKey);
  const service = await deliveryService(config, { log, metrics, tracing, bus, subscription });
  const authority = remoteAuthority({ transport: subscription });
  const interceptors = serverInterceptors({
    authority,
    serviceKey,
    log,
    metrics,
    tracing,
    isUnavailable,
  });
  const { routes, internalRoutes } = service;
  const server = rpcServer({
    name: "delivery rpc",
    host,
    port,
    routes: (router) => [routes, internalRoutes].map((put) => put(router)),
    interceptors,
    metrics,
    log,
  });
  return {
    parts: [...service.parts, server],
    migrate: service.migrate,
    async close() {
      await service.close();
      await bus.close();
      remote.close();
    },
  };
}
