import { isUnavailable } from "@posthorn/postgres";
import { rpcServer, serverInterceptors } from "@posthorn/rpc";
import { runProcess } from "@posthorn/runtime";
import { readConfig } from "./config.ts";
import { subscriptionService } from "./service.ts";

await runProcess({
  name: "subscription",
  process,
  async compose({ env, log, metrics }) {
    const config = readConfig(env);
    env.check();
    const { authority, routes, internalRoutes, parts, ...service } = subscriptionService(config, {
      log,
      metrics,
    });
    const { host, port, serviceKey } = config;
    const interceptors = serverInterceptors({
      authority,
      serviceKey,
      log,
      metrics,
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
    };
    return { ...service, commands, parts: [...parts, server] };
  },
});
