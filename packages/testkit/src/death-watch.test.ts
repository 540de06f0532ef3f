import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";

/** Starts a process that would live on, lets it be watched, and is killed. */
const program = `
  const { deathWatch } = await import(process.argv[1]);
  const { spawn } = await import("node:child_process");
  const { writeFileSync } = await import("node:fs");
  const dir = process.argv[2];
  const sleeper = spawn("sleep", ["600"], { detached: true, stdio: "ignore" });
  writeFileSync(dir + "/pid", sleeper.pid + "\\n");
  await deathWatch({ pidPath: dir + "/pid", signal: "KILL", dir });
  process.stdout.write("watched");
  setInterval(() => {}, 1000);
`;

test("when the run is killed, its process ends and its folder goes", async () => {
  const dir = await mkdtemp(join(tmpdir(), "posthorn-watch-"));
  const module = fileURLToPath(new URL("death-watch.ts", import.meta.url));
  const args = ["--input-type=module", "-e", program, module, dir];
  const run = spawn(execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  await once(run.stdout, "data");
  const pid = (await readFile(join(dir, "pid"), "utf8")).trim();
  run.kill("SIGKILL");
  await eventually(() => expect(access(dir)).rejects.toThrow("ENOENT"));
  // Gone, or dead and not yet waited for by the init process.
  const state = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "Z");
  expect(state).toMatch(/Z/);
});
