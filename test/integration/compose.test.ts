import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import {
  canRunKafkaBroker,
  eventually,
  freePort,
  type KafkaBroker,
  kafkaBroker,
  receiver,
  type TestDatabase,
  testDatabase,
} from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Child, startChild } from "../harness/child.ts";
import { filledIn, readCompose, requiredVariables } from "../harness/compose.ts";
import { applyDemo, client, loopbackAllowed } from "../harness/posthorn.ts";
import { type Service, settingsOf } from "../harness/settings.ts";

const run = promisify(execFile);
const root = new URL("../..", import.meta.url).pathname;
const compose = readCompose();
const ours: readonly Service[] = ["subscription", "ingestion", "delivery", "compat", "gateway"];
const withSchema: readonly Service[] = ["subscription", "ingestion", "delivery"];

describe("deploy/compose.yaml", () => {
  it.each(ours)("gives %s no setting that it does not read", (name) => {
    const given = Object.keys(compose.services[name]?.environment ?? {});
    expect(given.filter((setting) => !settingsOf(name).has(setting))).toEqual([]);
  });

  it("waits for services that are there", () => {
    const names = Object.values(compose.services).flatMap((one) =>
      Object.keys(one.depends_on ?? {}),
    );
    expect(names.filter((name) => !(name in compose.services))).toEqual([]);
  });

  it("runs programs that are there, and that deploy/Dockerfile puts into the image", () => {
    const dockerfile = readFileSync(`${root}deploy/Dockerfile`, "utf8");
    const inImage = /for service in ([a-z ]+);/.exec(dockerfile)?.[1]?.split(" ");
    expect(inImage).toEqual(ours);
    for (const name of ours) {
      expect(compose.services[name]?.entrypoint).toEqual(["node", `${name}/main.js`]);
      expect(existsSync(`${root}services/${name}/src/main.ts`)).toBe(true);
    }
    for (const name of withSchema) {
      const job = compose.services[`${name}-migrate`];
      expect(job).toMatchObject({ entrypoint: ["node", `${name}/main.js`], command: ["migrate"] });
      expect(job?.environment).toEqual(compose.services[name]?.environment);
    }
  });

  it("keeps no secret and has a default for none: docs/operations.md says how to make each", () => {
    const docs = readFileSync(`${root}docs/operations.md`, "utf8");
    const recipe = [...docs.matchAll(/^([A-Z_]+)=\$\(openssl /gm)].map(([, name]) => name);
    expect(new Set(recipe)).toEqual(requiredVariables(compose));
    const secret = /(KEY|PASSWORD)$/;
    for (const { environment } of Object.values(compose.services)) {
      const values = Object.entries(environment).filter(([name]) => secret.test(name));
      for (const [name, value] of values) expect(value, name).toMatch(/^\$\{[A-Z_]+:\?[^}]+\}$/);
    }
  });

  it("opens no port to other machines", () => {
    const ports = Object.values(compose.services).flatMap((one) => one.ports ?? []);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
  });
});

describe.runIf(canRunKafkaBroker())("the environment of deploy/compose.yaml", () => {
  const processes: Child[] = [];
  let database: TestDatabase;
  let broker: KafkaBroker;
  /** Where things are here, by where they are in compose.yaml. */
  let places: ReadonlyMap<string, string>;

  beforeAll(async () => {
    [database, broker] = await Promise.all([testDatabase(), kafkaBroker()]);
    const ports = ["8431", "8432", "8433", "8434", "8420", "8421"];
    places = new Map([
      ["kafka:9092", broker.brokers.join()],
      ["0.0.0.0", "127.0.0.1"],
      ...ours.map((name) => [`//${name}:`, "//127.0.0.1:"] as const),
      ...(await Promise.all(ports.map(async (port) => [port, `${await freePort()}`] as const))),
    ]);
  }, 120_000);
  afterAll(async () => {
    for (const child of processes.reverse()) await child.end();
    await broker?.close();
    await database?.drop();
  });

  const variables = {
    ...loopbackAllowed,
    POSTGRES_PASSWORD: randomBytes(24).toString("hex"),
    POSTHORN_MASTER_KEY: randomBytes(32).toString("base64"),
    POSTHORN_SERVICE_KEY: randomBytes(32).toString("hex"),
  };

  /** A text of compose.yaml, filled in, with the places where things are here. */
  function here(text: string): string {
    // The dots of addresses stand for themselves, too: nothing else in the file looks like them.
    const inside = new RegExp([...places.keys()].join("|"), "g");
    const moved = text.replace(inside, (place) => places.get(place) ?? place);
    return filledIn(moved, variables);
  }

  function environmentOf(name: string): Record<string, string> {
    const given = Object.entries(compose.services[name]?.environment ?? {});
    const env = Object.fromEntries(given.map(([key, value]) => [key, here(`${value}`)]));
    return "DATABASE_URL" in env ? { ...env, DATABASE_URL: database.url } : env;
  }

  async function runOnce(name: Service, ...args: readonly string[]): Promise<string> {
    const script = `services/${name}/src/main.ts`;
    const child = startChild({ script, args, env: environmentOf(name) });
    expect(await child.ended(), child.output()).toBe(0);
    return child.output().trim();
  }

  async function start(name: Service): Promise<void> {
    const child = startChild({
      script: `services/${name}/src/main.ts`,
      env: environmentOf(name),
    });
    processes.push(child);
    const [, , ...args] = compose.services[name]?.healthcheck?.test ?? [];
    const probe = () => run(process.execPath, args.map(here));
    await eventually(probe, { timeoutMs: 30_000 }).catch((error: unknown) => {
      throw new Error(`${name} did not get healthy:\n${child.output()}`, { cause: error });
    });
  }

  it("is all that the services need to deliver an event, and their probes say when", async () => {
    for (const name of withSchema) await runOnce(name, "migrate");
    for (const name of ours) await start(name);
    const adminKey = await runOnce("subscription", "create-admin-key");
    const url = here("http://127.0.0.1:8420");
    const { call } = client({ url, operatorKey: await applyDemo(url, adminKey) });
    const target = await receiver();
    const path = "/v1/workspaces/acme";
    const registered = await call("POST", `${path}/webhooks`, { url: target.url });
    expect(registered.status, registered.text).toBe(200);
    const event = { type: "order.created", data: { orderId: "ord_1" } };
    const accepted = await call("POST", `${path}/events`, event);
    expect(accepted.status, accepted.text).toBe(202);
    const [request] = await target.next();
    expect(request?.headers["webhook-id"]).toBe(accepted.body.id);
    const key = await runOnce("subscription", "create-operator-key", "demo");
    expect((await call("GET", "/v1/api-keys", undefined, { key })).status).toBe(200);
    await target.close();
    const file = readFileSync(`${root}deploy/providers/up42.yaml`, "utf8");
    const headers = { "content-type": "application/yaml" };
    const applied = await call("POST", "/v1/providers:apply", file, { key: adminKey, headers });
    const options = { key: applied.body.operatorKey };
    const events = await call("GET", "/webhooks/events", undefined, options);
    expect(events.body, events.text).toMatchObject({ data: [{ name: "order.status" }] });
  }, 120_000);
});
