import { inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the servers of the run are asked for; see run-server.ts. */
    readonly posthornRunUrl: string;
  }
}

const answers = new Map<string, Promise<unknown>>();

/** Gives what a server of the run answers, and starts that server if nobody has asked before. */
export function askRun(name: "postgres" | "kafka"): Promise<unknown> {
  const answer = answers.get(name) ?? ask(name);
  answers.set(name, answer);
  return answer;
}

async function ask(name: string): Promise<unknown> {
  const url: string | undefined = inject("posthornRunUrl");
  if (url === undefined) throw new Error("run tests from the root: its vitest.config.ts is needed");
  const response = await fetch(`${url}/${name}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`the run's ${name} did not start: ${text}`);
  return JSON.parse(text);
}
