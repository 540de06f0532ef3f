import {
  remoteAuthority,
  remoteTransport,
  rpcServer,
  serverInterceptors,
  withServiceKey,
} from "@posthorn/rpc";
import { runProcess } from "@posthorn/runtime";
import { readConfig } from "./config.ts";
import { compatService } from "./service.ts";

await runProcess({
  name: "compat",
  process,
  async compose({ env, log, metrics, tracing }) {
    const { host, port, serviceKey, subscriptionUrl, deliveryUrl } = readConfig(env);
    env.check();
    const subscription = remoteTransport({ url: subscriptionUrl });
    const delivery = remoteTransport({ url: deliveryUrl });
    const { routes } = compatService({ subscription, delivery });
    const authority = remoteAuthority({ transport: withServiceKey(subscription, serviceKey) });
    const interceptors = serverInterceptors({ authority, serviceKey, log, metrics, tracing });
    const name = "compat rpc";
    const server = rpcServer({ name, host, port, routes, interceptors, metrics, log });
    return {
      parts: [server],
      async close() {
        subscription.close();
        delivery.close();
      },
    };
  },
});
