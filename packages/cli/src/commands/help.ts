/** Gives the examples that end a command's help, each a command line and what it is for. */
export function examples(...lines: readonly (readonly [command: string, what?: string])[]): string {
  const width = Math.min(72, Math.max(...lines.map(([command]) => command.length)) + 2);
  const shown = lines.map(([command, what]) =>
    what === undefined ? `  ${command}` : `  ${command.padEnd(width)}  # ${what}`,
  );
  return `\nExamples:\n${shown.join("\n")}`;
}
