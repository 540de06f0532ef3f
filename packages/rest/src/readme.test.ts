import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const run = promisify(execFile);

let folder: string;
let server: ChildProcess;
let port: number;
let readme: string;

/** The text of the README's block of a language. */
function block(language: string): string {
  const [, text] = readme.split(`\n\`\`\`${language}\n`);
  return text?.split("\n```")[0] ?? "";
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

beforeAll(async () => {
  readme = await readFile(path("../README.md"), "utf8");
  // Within the package, so that its own name and its dependencies are found.
  folder = await mkdtemp(path("../.readme-"));
  await mkdir(`${folder}/proto`);
  await cp(path("../../../proto/third_party/google"), `${folder}/proto/google`, {
    recursive: true,
  });
  await writeFile(`${folder}/proto/library.proto`, block("proto"));
  port = await freePort();
  await writeFile(`${folder}/server.ts`, block("ts").replace("8080", String(port)));
  const plugin = {
    local: path("../node_modules/.bin/protoc-gen-es"),
    out: `${folder}/gen`,
    opt: ["target=ts", "import_extension=ts"],
  };
  const template = JSON.stringify({ version: "v2", plugins: [plugin] });
  const buf = path("../node_modules/.bin/buf");
  await run(buf, ["generate", `${folder}/proto`, "--template", template]);
  const args = ["--conditions=source", "--disable-warning=ExperimentalWarning", "server.ts"];
  server = spawn(process.execPath, args, { cwd: folder, stdio: "inherit" });
}, 60_000);

afterAll(async () => {
  server.kill();
  await rm(folder, { recursive: true });
});

async function reachable(): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}

it("answers the README's curl lines as it says", { timeout: 60_000 }, async () => {
  await expect.poll(reachable, { timeout: 30_000 }).toBe(true);
  const lines = block("sh").split("\n");
  const calls = lines.filter((line) => line.startsWith("curl "));
  const answers = lines.filter((line) => line.startsWith("# ")).map((line) => line.slice(2));
  const given: string[] = [];
  for (const call of calls) {
    const command = call.replace("localhost:8080", `127.0.0.1:${port}`);
    const { stdout } = await run("sh", ["-c", command.replace("curl", "curl -s")]);
    given.push(stdout.replace(/"details":\[.*\]/s, '"details":[...]'));
  }
  expect(given).toEqual(answers);
});
