import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Binaries, findBinaries, reachableBinaries } from "./binaries.ts";

const stranger = { uid: 12_345, gid: 12_345 };

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "posthorn-binaries-"));
  await chmod(dir, 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A package in a home that its owner alone can enter. */
async function setup(): Promise<{ found: Binaries; copiesDir: string }> {
  const packageDir = join(dir, "home", "package");
  const bin = join(packageDir, "native", "bin");
  await mkdir(bin, { recursive: true });
  await mkdir(join(packageDir, "native", "share"));
  await writeFile(join(packageDir, "package.json"), JSON.stringify({ version: "18.9.9" }));
  await writeFile(join(packageDir, "native", "share", "postgres.bki"), "words");
  const found = { initdb: join(bin, "initdb"), postgres: join(bin, "postgres") };
  for (const path of Object.values(found)) await writeFile(path, "", { mode: 0o755 });
  await chmod(join(dir, "home"), 0o700);
  return { found, copiesDir: join(dir, "copies") };
}

test("the platform's package has the programs", async () => {
  const { initdb, postgres } = await findBinaries(undefined);
  expect([(await stat(initdb)).isFile(), (await stat(postgres)).isFile()]).toEqual([true, true]);
});

test("programs that can be reached are used where they are", async () => {
  const { found, copiesDir } = await setup();
  await chmod(join(dir, "home"), 0o755);
  expect(await reachableBinaries(found, stranger, copiesDir)).toEqual(found);
});

test("others are copied whole, once, even by two at a time", async () => {
  const { found, copiesDir } = await setup();
  const copy = () => reachableBinaries(found, stranger, copiesDir);
  const [first, second] = await Promise.all([copy(), copy()]);
  expect(first).toEqual(second);
  expect(await copy()).toEqual(first);
  expect(await readdir(copiesDir)).toEqual(["postgres-18.9.9"]);
  const share = join(dirname(first.postgres), "..", "share", "postgres.bki");
  expect(await readFile(share, "utf8")).toBe("words");
  expect((await stat(copiesDir)).mode & 0o777).toBe(0o755);
  expect((await stat(first.initdb)).mode & 0o777).toBe(0o755);
});
