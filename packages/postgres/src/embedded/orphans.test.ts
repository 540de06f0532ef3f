import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execPath, kill } from "node:process";
import { eventually } from "@posthorn/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  embeddedScene,
  end,
  isThere,
  postmasterPid,
  query,
  type Scene,
} from "../../test/embedded-scene.ts";

let scene: Scene;
beforeEach(async () => {
  scene = await embeddedScene();
});
afterEach(() => scene.close());

test("a killed parent leaves Postgres running: the next start stops it and goes on", async () => {
  const { child, url } = await scene.startChild();
  await query(url, "create table thing as select 1 as id");
  const orphan = await postmasterPid(scene.cluster);
  await end(child, "SIGKILL");
  expect(isThere(orphan)).toBe(true);
  const postgres = await scene.start();
  expect(await query(postgres.url, "table thing")).toEqual([{ id: 1 }]);
  expect(await postmasterPid(scene.cluster)).not.toBe(orphan);
  await expect(query(url, "select 1")).rejects.toThrow();
});

test("a statement that still runs in the orphan does not hold the next start up", async () => {
  const { child, url } = await scene.startChild();
  const running = query(url, "select pg_sleep(600)").catch(() => "cut");
  await eventually(async () => {
    const found = await query(url, "select from pg_stat_activity where wait_event = 'PgSleep'");
    expect(found).toHaveLength(1);
  });
  await end(child, "SIGKILL");
  await scene.start();
  expect(await running).toBe("cut");
});

test("parent and server killed at once: what was committed is recovered", async () => {
  const { child, url } = await scene.startChild();
  await query(url, "create table thing as select generate_series(1, 1000) as id");
  const server = await postmasterPid(scene.cluster);
  await Promise.all([end(child, "SIGKILL"), kill(server, "SIGKILL")]);
  const postgres = await scene.start();
  expect(await query(postgres.url, "select count(*)::int from thing")).toEqual([{ count: 1000 }]);
});

test("the live parent of a running server is never taken for dead", async () => {
  const { child, url } = await scene.startChild();
  await expect(scene.start()).rejects.toThrow(
    `another Posthorn is running on ${scene.dataDir} (pid ${child.pid})`,
  );
  expect(await query(url, "select 1 as one")).toEqual([{ one: 1 }]);
});

test("a pid file that names a stranger, who got the number, is no hindrance to anybody", async () => {
  await (await scene.start()).stop();
  const stranger = spawn(execPath, ["-e", "setInterval(() => {}, 1000)"], { cwd: scene.dataDir });
  await once(stranger, "spawn");
  const lines = [stranger.pid, scene.cluster, 0, 5432, "", "127.0.0.1", ""].join("\n");
  await writeFile(join(scene.cluster, "postmaster.pid"), lines);
  const postgres = await scene.start();
  expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  await end(stranger, "SIGKILL");
});

test("Ctrl-C in the terminal reaches us but not Postgres", async () => {
  const { child, url } = await scene.startChild();
  kill(-(child.pid ?? Number.NaN), "SIGINT");
  // A fast shutdown would refuse connections at once.
  for (let count = 0; count < 20; count++) await query(url, "select 1");
  expect(isThere(await postmasterPid(scene.cluster))).toBe(true);
});
