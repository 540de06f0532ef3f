import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { kill, pid } from "node:process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { embeddedScene, postmasterPid, query, type Scene } from "../../test/embedded-scene.ts";
import { isUnavailable } from "../pg-error.ts";
import type { EmbeddedPostgres } from "./start.ts";

let scene: Scene;
let postgres: EmbeddedPostgres;
beforeAll(async () => {
  scene = await embeddedScene();
  postgres = await scene.start({});
});
afterAll(() => scene.close());

test("what was committed is there after a stop and a start", async () => {
  await query(postgres.url, "create table thing as select 1 as id");
  await postgres.stop();
  await postgres.exited;
  await expect(query(postgres.url, "select 1")).rejects.toSatisfy(isUnavailable);
  postgres = await scene.start({});
  expect(await query(postgres.url, "table thing")).toEqual([{ id: 1 }]);
});

test("runs with settings that lose nothing", async () => {
  const names = ["fsync", "synchronous_commit", "full_page_writes", "data_checksums", "jit"];
  names.push("max_wal_size", "checkpoint_timeout", "max_connections", "TimeZone");
  const statement = `select string_agg(current_setting(name), ' ' order by ordinality) as all
    from unnest('{${names}}'::text[]) with ordinality as t (name, ordinality)`;
  expect(await query(postgres.url, statement)).toEqual([
    { all: "on on on on off 2GB 15min 100 UTC" },
  ]);
});

test("texts are in the same order everywhere, and UTF-8", async () => {
  const statement = `select array_agg(x order by x) as sorted, lower('ÄÖ') as lower,
    current_setting('server_encoding') as encoding from unnest('{b,A,ä,a,B}'::text[]) x`;
  expect(await query(postgres.url, statement)).toEqual([
    { sorted: ["A", "B", "a", "b", "ä"], lower: "äö", encoding: "UTF8" },
  ]);
});

test("its folder tells psql how to reach it", async () => {
  const read = (name: string) => readFile(join(scene.cluster, name), "utf8");
  const url = new URL("postgres://posthorn@127.0.0.1/posthorn");
  url.port = (await read("postmaster.pid")).split("\n")[3] ?? "";
  url.password = (await read("posthorn.password")).trim();
  expect(await query(url.href, "select 1 as one")).toEqual([{ one: 1 }]);
});

describe("nobody else gets in", () => {
  test("it listens on 127.0.0.1 only, without a socket file", async () => {
    expect(new URL(postgres.url).hostname).toBe("127.0.0.1");
    const statement = `select current_setting('listen_addresses') as addresses,
      current_setting('unix_socket_directories') as sockets`;
    expect(await query(postgres.url, statement)).toEqual([{ addresses: "127.0.0.1", sockets: "" }]);
  });

  test.each(["", "wrong"])("with the password %j", async (password) => {
    const url = new URL(postgres.url);
    url.password = password;
    await expect(query(url.href, "select 1")).rejects.toThrow("password");
  });

  test("to the folder, or to the password in it", async () => {
    expect((await stat(scene.dataDir)).mode & 0o777).toBe(0o700);
    expect((await stat(scene.cluster)).mode & 0o777).toBe(0o700);
    expect((await stat(join(scene.cluster, "posthorn.password"))).mode & 0o777).toBe(0o600);
  });

  test("the password is not in the process list or the configuration", async () => {
    const { password } = new URL(postgres.url);
    const settings = await query(postgres.url, "select setting from pg_settings");
    expect(JSON.stringify(settings)).not.toContain(password);
  });
});

describe("one Posthorn a folder", () => {
  test("a second start in this process is refused, and does no harm", async () => {
    await expect(scene.start()).rejects.toThrow(
      `another Posthorn is running on ${scene.dataDir} (pid ${pid})`,
    );
    expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("a start in another process is refused, and does no harm", async () => {
    await expect(scene.startChild()).rejects.toThrow(
      `another Posthorn is running on ${scene.dataDir} (pid ${pid})`,
    );
    expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  test("removing it is refused", async () => {
    await expect(scene.remove()).rejects.toThrow("another Posthorn is running");
    expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

test("stop may be called twice, and leaves only the files", async () => {
  const own = await embeddedScene();
  const server = await own.start();
  await Promise.all([server.stop(), server.stop()]);
  await server.exited;
  expect(await readdir(own.dataDir)).toEqual(["data", "posthorn.lock"]);
  await own.close();
});

test("a server that ends by itself is told, in one line, and the folder is free again", async () => {
  const own = await embeddedScene();
  const server = await own.start();
  kill(await postmasterPid(own.cluster), "SIGKILL");
  await expect(server.exited).rejects.toThrow(/^postgres on \S+ ended by itself: SIGKILL: [^\n]+$/);
  expect(await query((await own.start()).url, "select 1 as one")).toEqual([{ one: 1 }]);
  await own.close();
});
