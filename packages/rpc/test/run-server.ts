import { type RpcServerOptions, rpcServer } from "../src/index.ts";

/** A server that runs on 127.0.0.1. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Stops it and waits until it has stopped. */
  stop(): Promise<void>;
}

/** Runs an RPC server until it is stopped; on a free port unless one is given. */
export async function runServer(
  options: Omit<RpcServerOptions, "name" | "host" | "port"> & { port?: number },
): Promise<RunningServer> {
  const stopping = new AbortController();
  const listening = Promise.withResolvers<number>();
  const part = rpcServer({
    port: 0,
    ...options,
    name: "rpc",
    host: "127.0.0.1",
    onListen: ({ port }) => listening.resolve(port),
  });
  const ended = part.run(stopping.signal, () => {});
  ended.catch(listening.reject);
  const port = await listening.promise;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      stopping.abort();
      await ended;
    },
  };
}
