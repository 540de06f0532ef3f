/**
 * Gives what Postgres said in plain words: without how the lines came here and were marked, and
 * without its hints (`initdb`), which are for those who run it themselves.
 */
export function postgresWords(problem: string): string {
  const lines = problem
    .replace(/^postgres .*?: (exit code \d+|SIG[A-Z]+): /, "")
    .split(" | ")
    // Which of its processes says it: `postmaster: `, `client backend: `.
    .map((line) => line.replace(/^[a-z ]+: +(?=[A-Z]+: )/, ""))
    .filter((line) => !line.startsWith("HINT"))
    .map((line) => line.replace(/^[A-Z]+: +/, "").replace(/\.$/, ""));
  return [...new Set(lines)].join("; ");
}
