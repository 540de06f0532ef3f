import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { logger } from "@posthorn/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { asOrdinaryUser } from "../../test/as-ordinary-user.ts";
import { query, silent } from "../../test/embedded-scene.ts";
import { isRoot, serverAccount } from "./account.ts";
import { openHome } from "./home.ts";
import { removeEmbedded, startEmbedded } from "./start.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "posthorn-home-"));
  await chmod(dir, 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test("makes the folder, and those above it", async () => {
  const dataDir = join(dir, "a", "b");
  const home = await openHome(dataDir);
  expect(home.dir).toBe(dataDir);
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
});

test("a file in the way is told", async () => {
  await writeFile(join(dir, "file"), "");
  const dataDir = join(dir, "file", "postgres");
  await expect(openHome(dataDir)).rejects.toThrow(
    new RegExp(`^the data folder ${dataDir} cannot be used: E[^\n]+$`),
  );
});

test("a missing write permission is told", async () => {
  await chmod(dir, 0o555);
  const dataDir = join(dir, "postgres");
  await expect(asOrdinaryUser(() => openHome(dataDir))).rejects.toThrow(
    new RegExp(`^the data folder ${dataDir} cannot be used: EACCES[^\n]+$`),
  );
});

describe.runIf(isRoot())("as root", () => {
  test("the folder goes to the user that Postgres runs as", async () => {
    const dataDir = join(dir, "postgres");
    const { account } = await openHome(dataDir);
    expect(account).toEqual(serverAccount());
    expect(await stat(dataDir)).toMatchObject({ ...account });
  });

  test("the files of another user stay that user's", async () => {
    const dataDir = join(dir, "postgres");
    await mkdir(dataDir, { mode: 0o700 });
    await chown(dataDir, 12_345, 12_346);
    expect((await openHome(dataDir)).account).toMatchObject({ uid: 12_345, gid: 12_346 });
  });

  test("a folder with files of root's is not given away", async () => {
    await writeFile(join(dir, "thesis.txt"), "");
    await expect(openHome(dir)).rejects.toThrow("is not empty");
    expect(await stat(dir)).toMatchObject({ uid: 0 });
  });

  test("where Postgres' user cannot go, the files lie in /var/lib/posthorn, and it says so", async () => {
    await chmod(dir, 0o700);
    const said = new PassThrough();
    const log = logger({ name: "test", destination: said });
    const dataDir = join(dir, "postgres");
    const postgres = await startEmbedded({ dataDir, log, settings: { fsync: "off" } });
    expect(await query(postgres.url, "select 1 as one")).toEqual([{ one: 1 }]);
    const line: unknown = JSON.parse(String(said.read()).split("\n")[0] ?? "");
    const place = expect.stringMatching(/^\/var\/lib\/posthorn\/[0-9a-f]{16}$/);
    expect(line).toMatchObject({ dataDir, dir: place });
    await postgres.stop();
    await removeEmbedded({ dataDir, log: silent });
    expect(await readdir(dir)).toEqual([]);
  });
});
