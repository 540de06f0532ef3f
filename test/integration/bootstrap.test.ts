import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clone } from "../harness/clone.ts";

test("installs on a fresh clone, and again only when the lockfile or a manifest changes", () => {
  using fresh = clone();
  expect(fresh.run(["check"])).toMatchObject({ status: 0 });
  expect(fresh.run(["check"])).toMatchObject({ status: 0, stderr: "" });
  expect(fresh.installCount()).toBe(1);
  fresh.write("pnpm-lock.yaml", "lockfileVersion: 10");
  fresh.run(["check"]);
  fresh.write("packages/bus/package.json", "{}");
  fresh.run(["check"]);
  expect(fresh.installCount()).toBe(3);
});

test("installs again when pnpm, which turbo calls, is gone", () => {
  using fresh = clone();
  fresh.run(["check"]);
  rmSync(join(fresh.path, "node_modules"), { recursive: true });
  fresh.run(["check"]);
  expect(fresh.installCount()).toBe(2);
});

test("hands on arguments and the exit code, and runs the node that was installed", () => {
  using fresh = clone();
  const { status, stdout } = fresh.run(["start", "--no-demo", "--fail"]);
  expect(stdout).toContain("started --no-demo --fail 24");
  expect(status).toBe(9);
});

test("a Ctrl-C of the whole group ends the task once, and its exit code is handed on", async () => {
  using fresh = clone();
  const ran = await fresh.interrupt(["start"], { said: "started", signal: "SIGINT" });
  expect(ran).toMatchObject({ status: 7, stderr: expect.not.stringContaining("Error") });
  expect(ran.stdout).toContain("heard at least one: true");
});

test("runs the tests even when a check fails, and fails then", () => {
  using fresh = clone();
  fresh.write("fail-turbo", "");
  const { status, stdout, stderr } = fresh.run(["test", "some.test.ts"]);
  expect(stdout).toMatch(/^turbo run check:types .*\nvitest run some.test.ts\n$/);
  expect(stderr).toMatch(/The checks failed: see above\.\n$/);
  expect(status).toBe(1);
});

test("ends with the tests' own last line when all is well", () => {
  using fresh = clone();
  fresh.run(["check"]);
  expect(fresh.run(["test"])).toMatchObject({ status: 0, stderr: "" });
});

test.each([
  ["npm error network request failed, reason: getaddrinfo ENOTFOUND r", "cannot be reached"],
  ["ERR_PNPM_META_FETCH_FAIL: error sending request: client error (Connect)", "cannot be reached"],
  ["npm error code E401", "refuses access"],
  ["ERR_PNPM_FETCH_404 Not Found", "lacks a package"],
  ["ERR_PNPM_OUTDATED_LOCKFILE Cannot install", "does not fit"],
  ["EACCES: permission denied, mkdir '/x'", "No permission to write"],
  ["ENOSPC: no space left on device", "The disk is full"],
])("says in one line why it cannot install: %s", (said, advice) => {
  using fresh = clone();
  const { status, stderr } = fresh.run(["start"], { NPX_SAYS: said });
  expect(status).toBe(1);
  expect(stderr.trim().split("\n")).toEqual([
    "Installing the dependencies ...",
    "Installing the dependencies failed:",
    expect.stringContaining(advice),
  ]);
  expect(readFileSync(join(fresh.path, "node_modules/.posthorn-install.log"), "utf8")).toBe(
    `${said}\n`,
  );
});

test("shows the whole output of an installation that failed for another reason", () => {
  using fresh = clone();
  const { status, stderr } = fresh.run(["start"], { NPX_SAYS: "one\ntwo" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/failed:\none\ntwo\n$/);
});

test("runs any tool that is installed, and names the tasks when there is none such", () => {
  using fresh = clone();
  expect(fresh.run(["vitest", "run", "packages/bus"]).stdout).toBe("vitest run packages/bus\n");
  expect(fresh.run(["nonsense"])).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/^There is no task nonsense\. Known are: start, .*gen.*\.\n$/),
  });
});
