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
import { readIngestionConfig, readIngestionProcessConfig } from "./config.ts";
import { ingestionService } from "./service.ts";

await runProcess({ name: "ingestion", process, compose });

/** With the argument `migrate` it brings the schema up to date and ends. */
async function compose({ env, log, metrics, tracing }: ProcessContext) {
  const config = readIngestionConfig(env);
  const { host, port, kafka, subscriptionUrl } = readIngestionProcessConfig(env);
  env.check();
  const { databaseUrl, serviceKey } = config;
  const bus = await openBus({ kafka, databaseUrl, clientId: "posthorn-ingestion", log });
  const remote = remoteTransport({ url: subscriptionUrl });
  const subscription = withServiceKey(remote, serviceKey);
  const authority = remoteAuthority({ transport: subscription });
  const service = ingestionService(config, {
    log,
    metrics,
    tracing,
    bus,
    subscription,
    authority,
  });
  const interceptors = serverInterceptors({
    authority,
    serviceKey,
    log,
    metrics,
    tracing,
    isUnavailable,
  });
  const { routes, internalRoutes } = service;
  const name = "ingestion rpc";
  const server = rpcServer({
    name,
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
