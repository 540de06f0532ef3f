import { envReader } from "@posthorn/runtime";
import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

const required = {
  DATABASE_URL: "postgres://127.0.0.1/x",
  POSTHORN_MASTER_KEY: "master",
  POSTHORN_SERVICE_KEY: "service",
};

test("needs a database, a master key and a service key, and has defaults for the rest", () => {
  const env = envReader(required);
  expect(readConfig(env)).toEqual({
    databaseUrl: "postgres://127.0.0.1/x",
    connectionCountMax: 10,
    masterKey: "master",
    serviceKey: "service",
    urlPolicy: { allowCidrs: [], allowHttp: false },
    host: "127.0.0.1",
    port: 8431,
    deliveryUrl: undefined,
  });
  env.check();
});

test("names all that is missing", () => {
  const env = envReader({});
  readConfig(env);
  expect(() => env.check()).toThrow(/DATABASE_URL.*POSTHORN_MASTER_KEY.*POSTHORN_SERVICE_KEY/);
});
