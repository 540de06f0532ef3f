/**
 * Checks the protos: lint, format, and that nothing of proto/baseline.binpb was broken, which is
 * the contract as it was last released.
 *
 * Usage: npm run task -- proto --check     fails, and says where, when something is wrong
 *        npm run task -- proto --accept    makes the protos as they are the new baseline
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runAll } from "./steps/run-all.ts";

const folder = resolve(import.meta.dirname, "../proto");
const baseline = "baseline.binpb";
/** `buf breaking` wants as many modules on both sides: ours as one image, the vendored as imports. */
const build = ["buf", "build", ".", "--path", "posthorn", "-o"];

const { values } = parseArgs({
  options: { check: { type: "boolean" }, accept: { type: "boolean" }, help: { type: "boolean" } },
});
if (values.check) process.exitCode = check();
else if (values.accept) process.exitCode = accept();
else console.log("Usage: npm run task -- proto --check | --accept");

function check(): number {
  const scratch = mkdtempSync(join(tmpdir(), "posthorn-proto-"));
  const image = join(scratch, "image.binpb");
  try {
    return runAll(folder, [
      ["buf", "lint"],
      ["buf", "format", "--diff", "--exit-code"],
      [...build, image],
      ["buf", "breaking", image, "--against", baseline],
    ]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function accept(): number {
  return runAll(folder, [[...build, baseline, "--exclude-source-info"]]);
}
