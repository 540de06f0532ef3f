import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { postgresBus } from "@posthorn/bus";
import { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { appClient, remoteTransport, withServiceKey } from "@posthorn/rpc";
import { eventually, freePort, testDatabase } from "@posthorn/testkit";
import { expect, onTestFinished, test } from "vitest";
import { FakeSubscription } from "../test/fake-subscription.ts";
import { loggedEvents, runningParts, silent } from "../test/setup.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));

/** A fake subscription on a port, an empty database, and the environment of the process. */
async function setup() {
  const subscription = new FakeSubscription();
  const [subscriptionPort, port] = [await freePort(), await freePort()];
  const running = runningParts([subscription.server(subscriptionPort)]);
  await running.ready;
  const database = await testDatabase();
  onTestFinished(async () => {
    running.stop();
    await running.ended;
    await database.drop();
  });
  const env = {
    DATABASE_URL: database.url,
    POSTHORN_SERVICE_KEY: subscription.serviceKey,
    POSTHORN_SUBSCRIPTION_URL: `http://127.0.0.1:${subscriptionPort}`,
    POSTHORN_INGESTION_PORT: String(port),
    POSTHORN_LOG_LEVEL: "warn",
  };
  return { subscription, env, url: `http://127.0.0.1:${port}`, databaseUrl: database.url };
}

function run(env: Record<string, string>, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, ["--conditions=source", main, ...args], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function exitCodeOf(child: ChildProcess): Promise<unknown> {
  const [code] = await once(child, "exit");
  return code;
}

function untilReady(url: string) {
  return eventually(
    async () => {
      const { status } = await fetch(`${url}/readyz`);
      if (status !== 200) throw new Error(`readyz answers ${status}`);
    },
    { timeoutMs: 20_000 },
  );
}

test("runs alone over gRPC, and a publish is the same event after the process was killed", async () => {
  const { subscription, env, url, databaseUrl } = await setup();
  const provider = subscription.addProvider("demo", ["a"]);
  const key = subscription.addKey("demo");
  expect(await exitCodeOf(run(env, "migrate"))).toBe(0);
  const publish = async () => {
    const remote = remoteTransport({ url, protocol: "grpc" });
    const client = appClient(PublishService, withServiceKey(remote, key));
    const event = { type: "a", data: Buffer.from("1.0"), idempotencyKey: "k" };
    try {
      return await client.publishEvent({ workspace: "acme", event });
    } finally {
      remote.close();
    }
  };
  const first = run(env);
  await untilReady(url);
  const event = await publish();
  first.kill("SIGKILL");
  await once(first, "exit");
  const second = run(env);
  await untilReady(url);
  expect(await publish()).toEqual(event);
  const stopped = exitCodeOf(second);
  second.kill("SIGTERM");
  expect(await stopped).toBe(0);
  const bus = await postgresBus({ url: databaseUrl, log: silent });
  const logged = await loggedEvents(bus, provider.workspaces.get("acme") ?? "");
  await bus.close();
  expect(logged.map(({ eventId }) => eventId)).toEqual([event.id, event.id]);
});

test("names every setting that is missing and exits with 1", async () => {
  const child = run({ POSTHORN_LOG_LEVEL: "fatal", POSTHORN_INGEST_TOPICS: "nothing" });
  let output = "";
  child.stdout?.on("data", (chunk) => {
    output += String(chunk);
  });
  expect(await exitCodeOf(child)).toBe(1);
  for (const name of ["DATABASE_URL", "POSTHORN_SERVICE_KEY", "POSTHORN_INGEST_TOPICS"]) {
    expect(output).toContain(name);
  }
});
