import { delivery, jsonOf, printJson } from "@posthorn/client";
import type { Output } from "../output/output.ts";
import { plainLine } from "../output/plain.ts";
import { attemptInWords } from "./attempt-view.ts";

const { TestReportSchema } = delivery;

/** Shows what came of a webhook's test. */
export function showTestReport(out: Output, message: delivery.TestReport): void {
  out.json(printJson(TestReportSchema, message, 2));
  const { tests = [], testsRun, testsFailed } = jsonOf(TestReportSchema, message);
  for (const { eventType = "", succeeded, attempt } of tests) {
    const mark = succeeded ? out.style("green", "✓") : out.style("red", "✗");
    out.say(`${mark} ${plainLine(eventType)}  ${attempt ? attemptInWords(attempt) : ""}`);
    if (!succeeded && attempt?.responseBody)
      out.say(`    ${plainLine(attempt.responseBody.slice(0, 500))}`);
  }
  const count = `${testsRun} test${testsRun === 1 ? "" : "s"}`;
  out.say(
    testsFailed === 0 ? `${count}, all answered with success.` : `${count}, ${testsFailed} failed.`,
  );
}
