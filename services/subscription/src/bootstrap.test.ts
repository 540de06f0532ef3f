import { newMasterKey } from "@posthorn/sealing";
import { testDatabase } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compose, type Harness, harness, migrate, refusalOf, yamlFile } from "../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const options = {
  providerFile: yamlFile("name: demo\nkeyPrefix: demo_\neventTypes: [{ name: a }]"),
  workspaceAlias: "acme",
};

async function setup() {
  const database = await testDatabase({ template: "subscription", migrate });
  const service = compose(database.url, newMasterKey());
  const close = async () => {
    await service.close();
    await database.drop();
  };
  return { service, [Symbol.asyncDispose]: close };
}

test("makes the first keys, provider and workspace, once", async () => {
  await using fresh = await setup();
  const { service } = fresh;
  const first = await service.bootstrap(options);
  expect(first?.provider).toBe("demo");
  expect(first?.operatorKey).toMatch(/^demo_/);
  const { authority } = service;
  expect(await authority.checkKey(first?.adminKey ?? "")).toMatchObject({ level: "admin" });
  expect(await authority.checkKey(first?.operatorKey ?? "")).toMatchObject({
    level: "operator",
    provider: "demo",
  });
  const workspace = { provider: "demo", workspace: "acme", create: false };
  expect(await authority.resolveWorkspace(workspace)).toBe(first?.workspaceId);
  expect(await service.bootstrap(options)).toBeUndefined();
});

test("lets one of several first starts do it", async () => {
  await using fresh = await setup();
  const starts = await Promise.all([1, 2, 3, 4].map(() => fresh.service.bootstrap(options)));
  expect(starts.filter((first) => first !== undefined)).toHaveLength(1);
});

test("makes nothing when the keys cannot be kept, and all at the next start", async () => {
  await using fresh = await setup();
  const keep = () => Promise.reject(new Error("disk full"));
  await expect(fresh.service.bootstrap({ ...options, keep })).rejects.toThrow("disk full");
  const kept: string[] = [];
  const first = await fresh.service.bootstrap({
    ...options,
    keep: async ({ adminKey }) => void kept.push(adminKey),
  });
  expect(kept).toEqual([first?.adminKey]);
});

test("makes the admin key alone for those who bring their own providers, once", async () => {
  await using fresh = await setup();
  const kept: string[] = [];
  const keep = async (adminKey: string) => void kept.push(adminKey);
  expect(await fresh.service.bootstrapAdmin({ keep })).toBe(true);
  expect(await fresh.service.bootstrapAdmin({ keep })).toBe(false);
  expect(await fresh.service.bootstrap(options)).toBeUndefined();
  expect(kept).toHaveLength(1);
  const { checkKey } = fresh.service.authority;
  expect(await checkKey(kept[0] ?? "")).toMatchObject({ level: "admin" });
});

test("tells a database of another master key", async () => {
  const other = compose(it.databaseUrl, newMasterKey());
  const fits = await Promise.all([it.service.fitsMasterKey(), other.fitsMasterKey()]);
  await other.close();
  expect(fits).toEqual([true, false]);
});

test("refuses a provider file that is wrong", async () => {
  const bad = { ...options, providerFile: yamlFile("name: demo\ncolour: red") };
  expect(await refusalOf(it.service.bootstrap(bad))).toEqual({
    reason: "invalid",
    fields: ["colour"],
  });
});

test("migrates twice without harm, and two at once", async () => {
  const database = await testDatabase();
  await Promise.all([migrate(database.url), migrate(database.url)]);
  await migrate(database.url);
  await database.drop();
});
