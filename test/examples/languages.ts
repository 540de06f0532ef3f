import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";

const execute = promisify(execFile);
const examples = new URL("../../examples/verify/", import.meta.url).pathname;

/** A language that `examples/verify` has code in. */
export interface Language {
  /** The folder of its code. */
  readonly name: string;
  /** What its blocks are marked as in a page. */
  readonly block: string;
  /** The file that pages show. */
  readonly file: string;
  /** The commands that it takes. */
  readonly needs: readonly string[];
  /** Whether a machine may lack it even where `CI` is set. */
  readonly mayLack?: boolean;
  /** Compiles it, where that is needed, and gives the command that checks a message. */
  build(source: string, target: string): Promise<readonly string[]>;
}

export const languages: readonly Language[] = [
  {
    name: "node",
    block: "js",
    file: "verify.mjs",
    needs: [],
    build: async (source) => [process.execPath, join(source, "check.mjs")],
  },
  {
    name: "python",
    block: "python",
    file: "verify.py",
    needs: ["python3"],
    build: async (source) => ["python3", "-B", join(source, "check.py")],
  },
  {
    name: "go",
    block: "go",
    file: "verify.go",
    needs: ["go"],
    async build(source, target) {
      const env = { ...process.env, GOTOOLCHAIN: "local" };
      const program = join(target, "check");
      await execute("go", ["build", "-o", program, "./check"], { cwd: source, env });
      return [program];
    },
  },
  {
    name: "java",
    block: "java",
    file: "Verify.java",
    needs: ["java", "javac"],
    async build(source, target) {
      const files = ["Verify.java", "Check.java"].map((file) => join(source, file));
      await execute("javac", ["-d", target, ...files]);
      return ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", target, "Check"];
    },
  },
  {
    name: "ruby",
    block: "ruby",
    file: "verify.rb",
    needs: ["ruby"],
    mayLack: true,
    build: async (source) => ["ruby", join(source, "check.rb")],
  },
  {
    name: "php",
    block: "php",
    file: "verify.php",
    needs: ["php"],
    mayLack: true,
    build: async (source) => ["php", join(source, "check.php")],
  },
  {
    name: "csharp",
    block: "csharp",
    file: "Verify.cs",
    needs: ["dotnet"],
    mayLack: true,
    async build(source, target) {
      const { stdout: version } = await execute("dotnet", ["--version"]);
      const framework = `-p:TargetFramework=net${Number.parseInt(version, 10)}.0`;
      const obj = `-p:BaseIntermediateOutputPath=${join(target, "obj")}/`;
      await execute("dotnet", ["build", source, "-o", join(target, "bin"), framework, obj]);
      return ["dotnet", join(target, "bin/Check.dll")];
    },
  },
  {
    name: "shell",
    block: "bash",
    file: "verify.sh",
    needs: ["bash", "openssl"],
    build: async (source) => [join(source, "verify.sh")],
  },
];

/**
 * Whether the machine has a language. Says so loudly if not, and throws where `CI` is set, but for
 * those that even such a machine may lack.
 */
export function canRun({ name, needs, mayLack = false }: Language): boolean {
  const missing = needs.filter((command) => spawnSync("which", [command]).status !== 0);
  if (missing.length === 0) return true;
  const problem = `examples/verify/${name} needs ${missing.join(" and ")}`;
  if ((process.env["CI"] ?? "") !== "" && !mayLack) throw new Error(problem);
  console.warn(`\n*** SKIPPED: ${problem} ***\n`);
  return false;
}

/** A message as it is given to a program in `examples/verify`. */
export interface Message {
  readonly scheme: "standard" | "hmac";
  readonly secret: string;
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  readonly body: Buffer;
}

/** Compiles a language's program and gives what runs it: what it says and how it ends. */
export async function checker(language: Language) {
  const target = mkdtempSync(join(tmpdir(), "posthorn-verify-"));
  const [program = "", ...args] = await language.build(join(examples, language.name), target);
  return {
    target,
    async check(message: Message): Promise<{ readonly said: string; readonly code: number }> {
      const child = spawn(program, [...args, message.scheme], {
        env: {
          ...process.env,
          WEBHOOK_SECRET: message.secret,
          WEBHOOK_ID: message.id,
          WEBHOOK_TIMESTAMP: message.timestamp,
          WEBHOOK_SIGNATURE: message.signature,
        },
        stdio: ["pipe", "pipe", "ignore"],
      });
      child.stdin.on("error", () => {}); // It may end before it has read everything.
      child.stdin.end(message.body);
      const [said, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
      return { said: said.trim(), code };
    },
  };
}
