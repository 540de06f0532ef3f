import { type ChildProcess, execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFileSync, existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { freePort, type TestDatabase, testDatabase } from "@posthorn/testkit";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cli, posthornCommand } from "../harness/cli.ts";
import { oneProcess, type Posthorn } from "../harness/posthorn.ts";
import { settingsOf } from "../harness/settings.ts";
import { blocksOf, linksOf, readDoc, settingsIn } from "./doc.ts";
import { exampleFolder } from "./example-folder.ts";
import { walk } from "./walk.ts";

const root = new URL("../..", import.meta.url).pathname;
const run = promisify(execFile);
const readme = readDoc("README.md");
const operations = readDoc("docs/operations.md");
const services = ["subscription", "ingestion", "delivery", "compat", "gateway", "up"] as const;
const settings = new Set(
  services
    .flatMap((service) => [...settingsOf(service)])
    .filter((name) => /^(POSTHORN|KAFKA|DATABASE|LOG)_/.test(name)),
);

describe.each([
  "README.md",
  "docs/operations.md",
  "docs/signatures.md",
  "docs/verify.md",
  "docs/errors.md",
  "docs/bring-your-own-provider.md",
  ...globSync("docs/providers/*.md", { cwd: root }).sort(),
  "examples/README.md",
  "examples/verify/README.md",
])("%s", (path) => {
  it("links to what is there", () => {
    const targets = linksOf(readDoc(path)).map((target) => join(dirname(path), target));
    expect(targets.filter((target) => !existsSync(join(root, target)))).toEqual([]);
  });

  it("names no setting that nothing reads", () => {
    expect([...settingsIn(readDoc(path))].filter((name) => !settings.has(name))).toEqual([]);
  });
});

it("docs/operations.md has every setting", () => {
  const named = settingsIn(operations);
  expect([...settings].filter((name) => !named.has(name))).toEqual([]);
});

it("README.md shows the receiver as examples/receiver has it", () => {
  const [shown] = blocksOf(readme).filter(({ language }) => language === "js");
  expect(readDoc("examples/receiver/receiver.mjs")).toContain(shown?.code);
});

describe("on a running Posthorn", () => {
  let database: TestDatabase;
  let posthorn: Posthorn & { readonly dataDir: string };
  beforeAll(async () => {
    database = await testDatabase();
    const masterKey = randomBytes(32).toString("base64");
    const env = { DATABASE_URL: database.url, POSTHORN_MASTER_KEY: masterKey };
    posthorn = await oneProcess({ env });
  }, 120_000);
  afterAll(async () => {
    await posthorn?.stop();
    await database?.drop();
  });

  it("README.md's worked example answers as it shows", async () => {
    const start = readme.indexOf("## A worked example");
    const blocks = blocksOf(readme.slice(start, readme.indexOf("### By the command line")));
    const port = await freePort();
    const authorization = `Authorization: Bearer ${posthorn.operatorKey}`;
    const reader = walk(
      {
        PATH: process.env["PATH"] ?? "",
        API: `${posthorn.url}/v1/workspaces/acme`,
        AUTH: authorization,
        JSON: "Content-Type: application/json",
      },
      { ":9000": `:${port}` },
    );
    const example = exampleFolder("receiver");
    const started: ChildProcess[] = [];
    try {
      for (const [index, { language, code }] of blocks.entries()) {
        const next = blocks[index + 1];
        if (language !== "sh") continue;
        if (code.includes("receiver.mjs")) started.push(await startReceiver());
        else if (next?.language === "json") await reader.compare(code, next.code);
      }
      expect(started).toHaveLength(1);
    } finally {
      for (const child of started) child.kill();
      example.remove();
    }

    async function startReceiver(): Promise<ChildProcess> {
      const env = { WEBHOOK_SECRET: reader.seen("whsec_") };
      const child = example.start("receiver.mjs", { args: [String(port)], env });
      if (child.stdout) await once(child.stdout, "data"); // listening
      return child;
    }
  }, 60_000);

  it("README.md's command line does as it says", async () => {
    using posthornCli = cli();
    const dataDir = join(posthornCli.folder, ".posthorn");
    mkdirSync(dataDir);
    copyFileSync(join(posthorn.dataDir, "admin-key"), join(dataDir, "admin-key"));
    writeFileSync(join(dataDir, "operator-key"), posthorn.operatorKey);
    const start = readme.indexOf("### By the command line");
    const [block] = blocksOf(readme.slice(start, readme.indexOf("### By gRPC")));
    const npx = `set -e; npx() { shift; ${posthornCommand.join(" ")} "$@"; }`;
    const { stdout } = await run("bash", ["-c", `${npx}\n${block?.code}`], {
      cwd: posthornCli.folder,
      env: {
        PATH: process.env["PATH"] ?? "",
        POSTHORN_SERVER: posthorn.url,
        POSTHORN_CONFIG_DIR: posthornCli.folder,
      },
    });
    expect(stdout).toMatch(/^Published evt_\w+ +order\.status\.changed$/m);
  }, 60_000);

  it("docs/operations.md has every metric, and no other", async () => {
    const { text } = await posthorn.call("GET", "/metrics");
    const there = [...text.matchAll(/^# TYPE (posthorn_\w+)/gm)].map(([, name]) => name);
    const rows = [...operations.matchAll(/^\| `(posthorn_\w+)` \|/gm)].map(([, name]) => name);
    expect(rows.sort()).toEqual(there.sort());
  });

  it("docs/operations.md's SQL runs", async () => {
    const statements = blocksOf(operations).filter(({ language }) => language === "sql");
    expect(statements.length).toBeGreaterThan(5);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    for (const { code } of statements) await client.query(`begin; ${code}; rollback`);
    await client.end();
  });
});
