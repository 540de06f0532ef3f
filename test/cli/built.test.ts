import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";

const root = new URL("../..", import.meta.url).pathname;

beforeAll(() => {
  const args = ["--conditions=source", "scripts/build.ts", "--write", "cli", "client"];
  execFileSync(process.execPath, args, { cwd: root, stdio: "pipe" });
});

test("the bundled command line runs by itself", () => {
  const printed = execFileSync(join(root, "packages/cli/dist/main.js"), ["--version"], {
    encoding: "utf8",
  });
  expect(printed).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** A program of somebody else, with the client as the registry would bring it. */
function consumer(source: string) {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-consumer-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "@posthorn/client"), { recursive: true });
  for (const name of ["dist", "package.json"]) {
    symlinkSync(join(root, "packages/client", name), join(modules, "@posthorn/client", name));
  }
  symlinkSync(join(root, "node_modules/@types"), join(modules, "@types"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "program.ts"), source);
  const compilerOptions = {
    module: "nodenext",
    target: "es2024",
    strict: true,
    noEmit: true,
    types: ["node"],
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["program.ts"] }),
  );
  return folder;
}

test("the bundled client needs none of our packages, and its types say what calls take", () => {
  const folder = consumer(`
    import { jsonOf, PosthornError, posthornClient, subscription } from "@posthorn/client";
    const posthorn = posthornClient({ url: "http://127.0.0.1:2", key: "ph_x" });
    try {
      const { webhooks } = await posthorn.webhooks.listWebhooks({ workspace: "acme" });
      const states = webhooks.map((one) => jsonOf(subscription.WebhookSchema, one).state);
      // @ts-expect-error: a state has a name, and is no number
      const numbers: number[] = states;
      console.log(numbers);
    } catch (error) {
      console.log((error as PosthornError).reason);
    }`);
  const tsc = join(root, "node_modules/.bin/tsc");
  expect(execFileSync(tsc, ["-p", folder], { encoding: "utf8" })).toBe("");
  const printed = execFileSync(process.execPath, ["program.ts"], { cwd: folder, encoding: "utf8" });
  expect(printed).toBe("unreachable\n");
});
