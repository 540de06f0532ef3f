import { Argument, type Command } from "commander";
import type { Act } from "../act.ts";
import { bashScript } from "../completion/bash.ts";
import { fishScript } from "../completion/fish.ts";
import { treeOf } from "../completion/tree.ts";
import { zshScript } from "../completion/zsh.ts";
import { examples } from "./help.ts";

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** completion: prints what makes a shell complete commands and options. */
export function completionCommand(root: Command, act: Act): void {
  root
    .command("completion")
    .description("print the completion script of a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(scripts)))
    .action(
      act(async ({ environment }, _, [shell = ""]) => {
        const script = scripts[shell as keyof typeof scripts]; // The choices are its keys.
        environment.stdout.write(script(treeOf(root)));
      }),
    )
    .addHelpText(
      "after",
      examples(
        ["source <(posthorn completion bash)", "in ~/.bashrc"],
        ["source <(posthorn completion zsh)", "in ~/.zshrc, after compinit"],
        ["posthorn completion fish > ~/.config/fish/completions/posthorn.fish"],
      ),
    );
}
