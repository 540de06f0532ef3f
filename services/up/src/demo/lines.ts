import type { DataDir } from "../data-dir.ts";
import { shownPath } from "../shown-path.ts";
import type { Terminal } from "../terminal.ts";
import type { DemoResult } from "./job.ts";

/** Where the demo took place. */
interface Place {
  readonly terminal: Terminal;
  readonly baseUrl: string;
  readonly workspace: string;
  readonly dataDir: DataDir;
  readonly workingDir: string;
}

const shownHeaders = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/** Gives the report of the demo, and what to try next. */
export function demoLines(result: DemoResult, place: Place): readonly string[] {
  return [...report(result, place), "", ...next(place), ""];
}

function report(result: DemoResult, { terminal: { style } }: Place): readonly string[] {
  const { webhook, url, eventId, eventType, received } = result;
  const done = style("green", "✓");
  const verdict =
    received.problem === undefined
      ? `${done} ${style("bold", "verified")}    the signature, with the package standardwebhooks`
      : `${style("red", "✗")} ${style("bold", "refused")}     ${received.problem}`;
  const path = new URL(url).pathname;
  return [
    style("bold", "  One event, end to end"),
    "",
    `  ${done} ${style("bold", webhook.isKnown ? "webhook" : "registered")}${" ".repeat(webhook.isKnown ? 5 : 2)}${webhook.id} → ${url}`,
    `  ${done} ${style("bold", "published")}   ${eventId}  ${eventType}, accepted in ${ms(result.acceptedInMs)}`,
    `  ${done} ${style("bold", "received")}    ${style("green", ms(result.arrivedInMs))} after publishing`,
    `  ${verdict}`,
    "",
    ...[`POST ${path}`, ...headerLines(received.headers), "", ...bodyLines(received.body)].map(
      (line) => style("dim", `      ${line}`).trimEnd(),
    ),
  ];
}

function headerLines(headers: Readonly<Record<string, string>>): readonly string[] {
  return shownHeaders.map((name) => `${name}: ${headers[name] ?? "-"}`);
}

/** As it came; only cut, should a provider's envelope be huge. */
function bodyLines(body: string): readonly string[] {
  return [body.length > 2_000 ? `${body.slice(0, 2_000)} ...` : body];
}

function next({ terminal: { style }, baseUrl, workspace, ...place }: Place): readonly string[] {
  const keyPath = shownPath(place.dataDir.pathOf("operator-key"), place.workingDir);
  const authorization = '-H "Authorization: Bearer $KEY"';
  const data = '{"type":"order.status.changed","data":{"orderId":"ord_7","status":"PAID"}}';
  return [
    style("bold", "  Try next"),
    "",
    `    KEY=$(cat ${keyPath}) API=${baseUrl}/v1/workspaces/${workspace}`,
    `    curl ${authorization} $API/deliveries`,
    `    curl ${authorization} -H "Content-Type: application/json" $API/events \\`,
    `      -d '${data}'`,
    "",
    style("dim", "  What arrives here is shown below. Ctrl-C stops."),
  ];
}

function ms(durationMs: number): string {
  return durationMs < 10 ? `${durationMs.toFixed(1)} ms` : `${Math.round(durationMs)} ms`;
}
