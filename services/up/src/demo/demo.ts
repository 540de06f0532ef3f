import { once } from "node:events";
import type { Logger, Part } from "@posthorn/runtime";
import { linesOf } from "../refusal.ts";
import type { Terminal } from "../terminal.ts";
import { type DemoDeps, demoJob } from "./job.ts";
import { demoLines } from "./lines.ts";
import { ticker } from "./ticker.ts";

/**
 * Runs the demo job once everything serves and tells what came of it, then shows each further
 * delivery to the receiver. A demo that fails is told, and Posthorn runs on without it.
 */
export function demo(
  deps: Omit<DemoDeps, "stop" | "baseUrl"> & { baseUrl(): string; workingDir: string },
  { terminal, log }: { terminal: Terminal; log: Logger },
): Part {
  return {
    name: "demo",
    async run(stop, ready) {
      ready();
      terminal.status("The demo publishes an event ...");
      try {
        const baseUrl = deps.baseUrl();
        const result = await demoJob({ ...deps, baseUrl, stop });
        terminal.say(...demoLines(result, { ...deps, baseUrl, terminal }));
      } catch (error) {
        if (!stop.aborted) tell(error);
      }
      const end = ticker(deps.receiver, terminal);
      if (!stop.aborted) await once(stop, "abort");
      end();
    },
  };

  function tell(error: unknown): void {
    const lines = linesOf(error) ?? [error instanceof Error ? error.message : String(error)];
    terminal.say(
      terminal.style("red", "  The demo did not get through:"),
      ...lines.map((line) => `  ${line}`),
      "",
      terminal.style("dim", "  Posthorn serves nevertheless. Ctrl-C stops."),
      "",
    );
    log.debug({ err: error }, "the demo failed");
  }
}
