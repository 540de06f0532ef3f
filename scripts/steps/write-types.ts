import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/**
 * Writes the declarations of a package into dist/types, those of our packages that it is bundled
 * with among them, so that whoever installs it needs none of them.
 */
export function writeTypes(folder: string): void {
  const project = join(folder, "tsconfig.build.json");
  const { status } = spawnSync("tsc", ["-p", project], { stdio: "inherit" });
  if (status !== 0) throw new Error(`${project} does not compile`);
  const types = join(folder, "dist/types");
  for (const name of readdirSync(types, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".d.ts")) continue;
    const path = join(types, name);
    writeFileSync(path, withOwnImports(readFileSync(path, "utf8"), path, types));
  }
}

/** Points imports of our packages to the declarations beside, by the names that scripts have. */
function withOwnImports(text: string, path: string, types: string): string {
  const toProto = relative(dirname(path), join(types, "proto/src/gen"));
  const near = toProto.startsWith(".") ? toProto : `./${toProto}`;
  return text
    .replaceAll(/"@posthorn\/proto\/([^"]+)"/g, `"${near}/$1_pb.js"`)
    .replaceAll(/"(\.[^"]+)\.ts"/g, '"$1.js"');
}
