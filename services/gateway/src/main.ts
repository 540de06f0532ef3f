import { type RemoteTransport, remoteTransport } from "@posthorn/rpc";
import { runProcess } from "@posthorn/runtime";
import { readConfig } from "./config.ts";
import { type Backend, backendOf } from "./public-services.ts";
import { gatewayService } from "./service.ts";

await runProcess({
  name: "gateway",
  process,
  async compose({ env, log, metrics }) {
    const config = readConfig(env);
    env.check();
    const { urls } = config;
    const transports: Record<Backend, RemoteTransport> = {
      subscription: remoteTransport({ url: urls.subscription }),
      ingestion: remoteTransport({ url: urls.ingestion }),
      delivery: remoteTransport({ url: urls.delivery }),
    };
    const { parts } = gatewayService(config, {
      log,
      metrics,
      transportOf: (service) => transports[backendOf(service)],
      onListen: (part, address) => log.info({ part, ...address }, "serving"),
    });
    return {
      parts,
      close: async () => {
        for (const transport of Object.values(transports)) transport.close();
      },
    };
  },
});
