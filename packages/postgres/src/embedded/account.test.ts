import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { canReach, mayPass, serverAccount } from "./account.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "posthorn-account-"));
  await chmod(dir, 0o755);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const stranger = { uid: 12_345, gid: 12_345 };
const owner = { uid: 77, gid: 12_345 };
const member = { uid: 12_345, gid: 88 };

test.each([
  ["others may", 0o711, stranger, true],
  ["others may not", 0o770, stranger, false],
  ["the owner may", 0o700, owner, true],
  ["the owner may not, though others may", 0o677, owner, false],
  ["the group may", 0o710, member, true],
  ["the group may not, though others may", 0o701, member, false],
])("a folder is passed where %s", (_, mode, account, passed) => {
  expect(mayPass(account, { mode, uid: 77, gid: 88 })).toBe(passed);
});

test("every folder above counts, and where a link leads to", async () => {
  await mkdir(join(dir, "closed", "open"), { recursive: true });
  await chmod(join(dir, "closed"), 0o700);
  await symlink(join(dir, "closed", "open"), join(dir, "link"));
  expect(canReach(stranger, dir)).toBe(true);
  expect(canReach(stranger, join(dir, "missing", "folder"))).toBe(true);
  expect(canReach(stranger, join(dir, "closed", "open"))).toBe(false);
  expect(canReach(stranger, join(dir, "link", "missing"))).toBe(false);
});

test("the user is postgres if there is one, else nobody", async () => {
  const passwd = join(dir, "passwd");
  await writeFile(passwd, "root:x:0:0::/:\nnobody:x:65534:65533::/:\n");
  expect(serverAccount(passwd)).toEqual({ uid: 65_534, gid: 65_533 });
  await writeFile(passwd, "nobody:x:65534:65533::/:\npostgres:x:26:27::/:\n");
  expect(serverAccount(passwd)).toEqual({ uid: 26, gid: 27 });
  await writeFile(passwd, "root:x:0:0::/:\n");
  expect(() => serverAccount(passwd)).toThrow("no user postgres or nobody");
});
