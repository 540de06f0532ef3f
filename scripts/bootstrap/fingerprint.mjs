import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Gives a text that changes with anything that decides what is installed. */
export function fingerprint(root) {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const path of inputs(root)) {
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest("hex");
}

function inputs(root) {
  const manifests = ["packages", "services"]
    .flatMap((group) => list(root, group).map((name) => `${group}/${name}/package.json`))
    .concat("test/package.json");
  const patches = list(root, "patches").map((name) => `patches/${name}`);
  return ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests, ...patches].filter(
    (path) => existsSync(join(root, path)),
  );
}

function list(root, folder) {
  const path = join(root, folder);
  return existsSync(path) ? readdirSync(path).sort() : [];
}
