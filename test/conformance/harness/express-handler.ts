import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A page's handler, running under Express as its readers run it. */
export interface ExpressHandler {
  readonly url: string;
  /** All that it has written. */
  output(): string;
  close(): Promise<void>;
}

/** What a page leaves to its readers: the app, with the raw body beside the parsed one. */
const before = `
const express = require("express");
const app = express();
app.use(express.json({ verify: (req, _res, body) => { req.rawBody = body; } }));
`;
const after = `
const server = app.listen(0, "127.0.0.1", () => console.log("port " + server.address().port));
`;

/** Starts a snippet that calls `app.post(...)`. */
export async function expressHandler(
  snippet: string,
  env: Readonly<Record<string, string>>,
): Promise<ExpressHandler> {
  const folder = mkdtempSync(join(tmpdir(), "posthorn-express-"));
  const modules = new URL("../../node_modules", import.meta.url).pathname;
  symlinkSync(modules, join(folder, "node_modules"));
  writeFileSync(join(folder, "handler.cjs"), before + snippet + after);
  const child = spawn(process.execPath, [join(folder, "handler.cjs")], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), ended]);
  const port = /^port (\d+)$/m.exec(output)?.[1];
  if (port === undefined) throw new Error("the handler does not run");
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    async close() {
      child.kill();
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}
