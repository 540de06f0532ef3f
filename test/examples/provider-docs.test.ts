import { type ChildProcess, spawn } from "node:child_process";
import { globSync } from "node:fs";
import { createConnection } from "node:net";
import { eventually, freePort } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Hosted, hosted } from "../conformance/harness/hosted.ts";
import { type Block, blocksOf, readDoc } from "./doc.ts";
import { walk } from "./walk.ts";

const root = new URL("../..", import.meta.url).pathname;
const pages = globSync("docs/{providers/*,bring-your-own-provider}.md", { cwd: root }).sort();

let hosting: Hosted;
beforeAll(async () => {
  hosting = await hosted();
}, 120_000);
afterAll(() => hosting?.stop());

it("docs/bring-your-own-provider.md shows the file as examples/provider has it", () => {
  const blocks = blocksOf(readDoc("docs/bring-your-own-provider.md"));
  const [shown] = blocks.filter(({ language }) => language === "yaml");
  expect(shown?.code).toBe(readDoc("examples/provider/lighthouse.yaml"));
});

describe.each(pages)("%s", (page) => {
  it("shows a worked example that answers as it shows", async () => {
    const port = await freePort();
    const reader = walk(
      { PATH: process.env["PATH"] ?? "" },
      {
        "http://127.0.0.1:8420": hosting.url,
        "$(cat .posthorn/admin-key)": hosting.adminKey,
        ":9000": `:${port}`,
        "listen(9000)": `listen(${port}, "127.0.0.1")`,
      },
    );
    const listening: Listening[] = [];
    try {
      const blocks = blocksOf(readDoc(page));
      for (const [index, { code }] of blocks.entries()) {
        const shown = blocks[index + 1]?.language;
        switch (kindOf(blocks, index)) {
          case "assignment":
            reader.assign(code);
            break;
          case "receiver":
            listening.push(await listen(reader.filled(code), port));
            break;
          case "command":
            await reader.compare(code, blocks[index + 1]?.code ?? "");
            break;
          case "output":
            await eventually(() => {
              const output = listening.map((one) => one.output()).join("");
              expect(reader.masked(output)).toContain(reader.masked(code));
            });
            break;
          case "other":
            expect(shown, code).not.toBe("json");
        }
      }
      expect(listening).not.toEqual([]);
    } finally {
      for (const { child } of listening) child.kill();
    }
  });
});

/** What a reader does with a block of a page. */
function kindOf(blocks: readonly Block[], index: number) {
  const { language, code } = blocks[index] ?? { language: "", code: "" };
  if (language === "text") return "output";
  if (language !== "sh") return "other";
  if (/^([A-Z]+=("[^"]*"|\S+)\s*)+$/.test(code)) return "assignment";
  if (code.includes("createServer")) return "receiver";
  return blocks[index + 1]?.language === "json" ? "command" : "other";
}

interface Listening {
  readonly child: ChildProcess;
  output(): string;
}

/** Starts a receiver as the page does, and waits until it listens. */
async function listen(command: string, port: number): Promise<Listening> {
  const child = spawn("bash", ["-c", `exec ${command}`], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  await eventually(async () => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("connect", resolve).once("error", reject);
    await promise.finally(() => socket.destroy());
  });
  return { child, output: () => output };
}
