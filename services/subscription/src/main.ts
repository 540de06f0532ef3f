import { isUnavailable } from "@posthorn/postgres";
import { remoteTransport, rpcServer, serverInterceptors, withServiceKey } from "@posthorn/rpc";
import { runProcess } from "@posthorn/runtime";
import { readConfig } from "./config.ts";
import { subscriptionService } from "./service.ts";

await runProcess({
  name: "subscription",
  process,
  async compose({ env, log, metrics, tracing }) {
    const config = readConfig(env);
    env.check();
    const { host, port, serviceKey } = config;
    const delivery = reach(config.deliveryUrl);
    const ingestion = reach(config.ingestionUrl);
    const { authority, routes, internalRoutes, parts, ...service } = subscriptionService(config, {
      log,
      metrics,
      ...(delivery && { delivery: withServiceKey(delivery, serviceKey) }),
      ...(ingestion && { ingestion: withServiceKey(ingestion, serviceKey) }),
    });
    const interceptors = serverInterceptors({
      authority,
      serviceKey,
      log,
      metrics,
      tracing,
      isUnavailable,
    });
    const server = rpcServer({
      name: "subscription rpc",
      host,
      port,
      routes: (router) => [routes, internalRoutes].map((put) => put(router)),
      interceptors,
      metrics,
      log,
      onListen: (address) => log.info(address, "serving"),
    });
    const commands = {
      async "create-admin-key"() {
        process.stdout.write(`${await service.createAdminKey()}\n`);
      },
      async "create-operator-key"([provider]: readonly string[]) {
        if (provider === undefined) throw new Error("create-operator-key needs a provider's name");
        process.stdout.write(`${await service.createOperatorKey(provider)}\n`);
      },
    };
    return {
      ...service,
      commands,
      parts: [...parts, server],
      async close() {
        await service.close();
        delivery?.close();
        ingestion?.close();
      },
    };
  },
});

function reach(url: string | undefined) {
  return url === undefined ? undefined : remoteTransport({ url });
}
