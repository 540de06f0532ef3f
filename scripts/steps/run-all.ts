import { spawnSync } from "node:child_process";

/** Runs every command on our terminal, in the folder; gives the first exit code that is not 0. */
export function runAll(folder: string, commands: readonly (readonly string[])[]): number {
  const codes = commands.map(([command = "", ...args]) => {
    const { status, error } = spawnSync(command, args, { cwd: folder, stdio: "inherit" });
    if (error !== undefined) throw new Error(`${command} cannot be run`, { cause: error });
    return status ?? 1;
  });
  return codes.find((code) => code !== 0) ?? 0;
}
