import { hostname } from "node:os";
import { envReader } from "@posthorn/runtime";
import { describe, expect, it } from "vitest";
import { readDeliveryConfig } from "./config.ts";

const required = { DATABASE_URL: "postgres://127.0.0.1/x", POSTHORN_MASTER_KEY: "master" };

function read(settings: Readonly<Record<string, string>>) {
  const env = envReader({ ...required, ...settings });
  return { config: readDeliveryConfig(env), check: () => env.check() };
}

it("names a process for its host, and no two alike", () => {
  const [one, other] = [read({}), read({})].map(({ config }) => config.owner);
  expect(one?.replace(/[0-9a-f]{8}$/, "")).toBe(`${hostname()}-`);
  expect(other).not.toBe(one);
  expect(read({ POSTHORN_INSTANCE: "delivery-1" }).config.owner).toBe("delivery-1");
});

describe("what is kept and told", () => {
  it("has defaults", () => {
    const { config, check } = read({});
    expect(config).toMatchObject({
      outcomes: "failures",
      retention: { bodiesDays: 30, rowsDays: 90 },
    });
    check();
  });

  it("keeps bodies for no longer than all else where only that is set", () => {
    const { config, check } = read({ POSTHORN_RETENTION_DAYS: "7" });
    expect(config.retention).toEqual({ bodiesDays: 7, rowsDays: 7 });
    check();
  });

  it.each([
    [{ POSTHORN_OUTCOMES: "some" }, /POSTHORN_OUTCOMES must be all, failures or none/],
    [{ POSTHORN_RETENTION_DAYS: "0" }, /POSTHORN_RETENTION_DAYS must be a whole number/],
    [{ POSTHORN_RETENTION_BODIES_DAYS: "4000" }, /POSTHORN_RETENTION_BODIES_DAYS must be/],
    [
      { POSTHORN_RETENTION_BODIES_DAYS: "91" },
      /POSTHORN_RETENTION_BODIES_DAYS must not be more than POSTHORN_RETENTION_DAYS/,
    ],
  ])("refuses %j", (settings, problem) => {
    expect(read(settings).check).toThrow(problem);
  });
});
