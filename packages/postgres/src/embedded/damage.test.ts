import { mkdir, readdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { embeddedScene, query, type Scene } from "../../test/embedded-scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await embeddedScene();
});
afterEach(() => scene.close());

const damages: [string, (cluster: string) => Promise<unknown>, RegExp][] = [
  ["no control file", (dir) => rm(join(dir, "global", "pg_control")), /pg_control/],
  ["an empty control file", (dir) => truncate(join(dir, "global", "pg_control")), /pg_control/],
  ["no log", (dir) => rm(join(dir, "pg_wal"), { recursive: true }), /pg_wal/],
  ["no version", (dir) => rm(join(dir, "PG_VERSION")), /not a valid data directory.*PG_VERSION/],
  ["another version", (dir) => writeFile(join(dir, "PG_VERSION"), "17\n"), /PostgreSQL version 17/],
  ["no password", (dir) => rm(join(dir, "posthorn.password")), /posthorn.password/],
];

test.each(damages)("damaged files are told in one line: %s", async (_, damage, words) => {
  await (await scene.start()).stop();
  await damage(scene.cluster);
  const failure = await scene.start().then(
    () => "started",
    (error: unknown) => (error instanceof Error ? error.message : ""),
  );
  expect(failure).toMatch(words);
  expect(failure).toContain(scene.dataDir);
  expect(failure).not.toContain("\n");
});

test("an emptied folder of files is never filled anew", async () => {
  await (await scene.start()).stop();
  await rename(scene.cluster, `${scene.cluster}.old`);
  await mkdir(scene.cluster);
  await expect(scene.start()).rejects.toThrow(scene.cluster);
  expect(await readdir(scene.cluster)).toEqual([]);
});

test("after a failed start the folder is free: once mended, it starts", async () => {
  await (await scene.start()).stop();
  const control = join(scene.cluster, "global", "pg_control");
  await rename(control, `${control}.away`);
  await expect(scene.start()).rejects.toThrow("pg_control");
  await rename(`${control}.away`, control);
  expect(await query((await scene.start()).url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("what a killed first start left half made is cleared away", async () => {
  await (await scene.start()).stop();
  await mkdir(join(scene.dataDir, "init-a1b2c3", "data"), { recursive: true });
  await (await scene.start()).stop();
  expect(await readdir(scene.dataDir)).toEqual(["data", "posthorn.lock"]);
});

test("a setting that Postgres refuses is told with its words", async () => {
  await expect(scene.start({ shared_buffers: "lots" })).rejects.toThrow(
    /invalid value for parameter "shared_buffers": "lots"/,
  );
});
