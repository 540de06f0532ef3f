import type { DescService } from "@bufbuild/protobuf";
import { type RemoteTransport, remoteTransport } from "@posthorn/rpc";
import { runProcess } from "@posthorn/runtime";
import { readConfig } from "./config.ts";
import { type Backend, backendOf, publicServices } from "./public-services.ts";
import { gatewayService } from "./service.ts";

await runProcess({
  name: "gateway",
  process,
  async compose({ env, log, metrics }) {
    const config = readConfig(env);
    env.check();
    const { urls, compatUrl } = config;
    const transports: Partial<Record<Backend, RemoteTransport>> = {
      subscription: remoteTransport({ url: urls.subscription }),
      ingestion: remoteTransport({ url: urls.ingestion }),
      delivery: remoteTransport({ url: urls.delivery }),
      ...(compatUrl !== undefined && { compat: remoteTransport({ url: compatUrl }) }),
    };
    const reached = (service: DescService) => transports[backendOf(service)];
    const { parts } = gatewayService(config, {
      log,
      metrics,
      services: publicServices.filter((service) => reached(service) !== undefined),
      transportOf(service) {
        const transport = reached(service);
        if (transport === undefined) throw new Error(`${service} is not served`);
        return transport;
      },
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
