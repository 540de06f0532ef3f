import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { misuse } from "../failure.ts";
import type { Session } from "../session.ts";
import { examples } from "./help.ts";

/** Where the server lies, from the sources, from the bundle of this program, and beside that. */
const places = [
  ["../../../../services/up/src/main.ts", "source"],
  ["../../../services/up/dist/main.js", "built"],
] as const;

/** up and migrate: they hand over to Posthorn itself, where it is at hand. */
export function serverCommands(root: Command, act: Act): void {
  root
    .command("up")
    .description("run all of Posthorn on this machine, as npm start does")
    .option("--no-demo", "without the demo job, its provider and its workspace")
    .action(
      act<{ demo?: boolean }>((session, { demo }) =>
        hand(session, demo === false ? ["--no-demo"] : []),
      ),
    )
    .addHelpText(
      "after",
      examples(
        ["posthorn up"],
        ["posthorn up --no-demo"],
        ["DATABASE_URL=postgres://... posthorn up"],
      ),
    );
  root
    .command("migrate")
    .description("bring the tables of its database up to date, and end")
    .action(act((session) => hand(session, ["migrate"])))
    .addHelpText(
      "after",
      examples(["posthorn migrate"], ["DATABASE_URL=postgres://... posthorn migrate"]),
    );
}

async function hand({ environment }: Session, args: readonly string[]): Promise<number> {
  for (const [place, kind] of places) {
    const path = fileURLToPath(new URL(place, import.meta.url));
    if (!existsSync(path)) continue;
    const flags =
      kind === "source" ? ["--conditions=source", "--disable-warning=ExperimentalWarning"] : [];
    return await environment.run([environment.node, ...flags, path, ...args]);
  }
  throw misuse(
    "this program was installed without the server: run it in a checkout of Posthorn, or use its image",
  );
}
