import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A server that tests need: started by the first who asks, one for the whole run. */
export interface RunService {
  /** What those who asked are told, as JSON. */
  readonly answer: unknown;
  stop(): Promise<void>;
}

/** Where test files, which run in processes of their own, ask for the servers of the run. */
export interface RunServer {
  /** `GET <url>/<name>` answers with the service's answer, once it serves. */
  readonly url: string;
  /** Stops what was started. */
  close(): Promise<void>;
}

/** Serves on loopback; `starts` are the services by name. */
export async function runServer(
  starts: Readonly<Record<string, () => Promise<RunService>>>,
): Promise<RunServer> {
  const started = new Map<string, Promise<RunService>>();
  const ask = async (name: string) => {
    const service = started.get(name) ?? starts[name]?.();
    if (service === undefined) throw new Error(`the run has no ${name}`);
    started.set(name, service);
    return (await service).answer;
  };
  const server = createServer(async (request, response) => {
    try {
      response.end(JSON.stringify(await ask((request.url ?? "").slice(1))));
    } catch (error) {
      response.writeHead(500).end(error instanceof Error ? error.stack : String(error));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await Promise.all([...started.values()].map(stopStarted));
    },
  };
}

/** One that did not start has told whoever asked. */
async function stopStarted(service: Promise<RunService>): Promise<void> {
  const running = await service.catch(() => undefined);
  await running?.stop();
}
