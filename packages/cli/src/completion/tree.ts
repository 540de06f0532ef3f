import type { Command } from "commander";

/** A command, and what may follow it. */
export interface Node {
  /** The words before: `webhooks register`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
}

/** A word that completes, and what it is for. */
export interface Word {
  readonly word: string;
  readonly what: string;
}

/** Gives every command, the program itself first. */
export function treeOf(root: Command): readonly Node[] {
  const shared = optionsOf(root);
  return nodesOf(root, [], shared);
}

function nodesOf(command: Command, path: readonly string[], shared: readonly Word[]): Node[] {
  const words = command.commands.map((one) => ({ word: one.name(), what: one.description() }));
  const own = path.length === 0 ? [] : optionsOf(command);
  const options = [...own, ...shared, { word: "--help", what: "show examples and options" }];
  return [
    { path: path.join(" "), commands: words, options },
    ...command.commands.flatMap((one) => nodesOf(one, [...path, one.name()], shared)),
  ];
}

function optionsOf(command: Command): readonly Word[] {
  return command.options.flatMap(({ long, description, hidden }) =>
    long && !hidden ? [{ word: long, what: description }] : [],
  );
}
