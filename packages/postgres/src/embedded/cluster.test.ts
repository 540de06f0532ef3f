import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findBinaries } from "./binaries.ts";
import { ensureCluster } from "./cluster.ts";
import { type Home, openHome } from "./home.ts";

let dir: string;
let home: Home;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "posthorn-cluster-"));
  await chmod(dir, 0o755);
  home = await openHome(join(dir, "postgres"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** A program that writes some of the files, and then fails as initdb does on a full disk. */
const failingInitdb = `#!/bin/sh
for argument; do case "$argument" in --pgdata=*) pgdata="\${argument#--pgdata=}";; esac; done
mkdir "$pgdata" && echo 18 > "$pgdata/PG_VERSION"
echo "initdb: error: could not write to file: No space left on device" >&2
exit 1
`;

test("makes the files once, and gives the same password ever after", async () => {
  const binaries = await findBinaries(home.account);
  const password = await ensureCluster(home, binaries, { sync: true });
  expect(password).toMatch(/^[0-9a-f]{64}$/);
  expect(await ensureCluster(home, binaries, { sync: true })).toBe(password);
  expect(await readdir(home.dir)).toEqual(["data"]);
});

test("a failed initdb is told in one line and leaves nothing half made", async () => {
  const initdb = join(dir, "initdb");
  await writeFile(initdb, failingInitdb);
  await chmod(initdb, 0o755);
  const binaries = await findBinaries(home.account);
  const failing = ensureCluster(home, { ...binaries, initdb }, { sync: false });
  await expect(failing).rejects.toThrow(
    /^the database files could not be made in \S+: initdb: error: [^\n]+ No space left on device$/,
  );
  expect(await readdir(home.dir)).toEqual([]);
  await ensureCluster(home, binaries, { sync: false });
  expect((await stat(join(home.dir, "data"))).isDirectory()).toBe(true);
});
