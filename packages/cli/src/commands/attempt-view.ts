import type { delivery } from "@posthorn/client";
import { type Output, shortTime } from "../output/output.ts";
import { plain, plainLine } from "../output/plain.ts";

type AttemptJson = delivery.AttemptJson;

/** Says what came of an attempt: `204 in 12 ms`, `CONNECT_ERROR: cannot connect`. */
export function attemptInWords({ outcome, statusCode, duration, error }: AttemptJson): string {
  const took = duration ? ` in ${shortDuration(duration)}` : "";
  if (statusCode) return `${statusCode}${took}${error ? `: ${plainLine(error)}` : ""}`;
  return `${outcome}${took}${error ? `: ${plainLine(error)}` : ""}`;
}

/** Shows an attempt in one line, for those who watch. */
export function watchedLine(out: Output, attempt: AttemptJson): string {
  const isGood = attempt.outcome === "SUCCEEDED";
  const mark = isGood ? out.style("green", "✓") : out.style("red", "✗");
  const { startTime, eventType = "", webhook, delivery, number } = attempt;
  const which = number === 1 ? "" : `, attempt ${number}`;
  return `${clockTime(startTime)} ${mark} ${plainLine(eventType)} → ${webhook}  ${attemptInWords(attempt)}${which}  ${delivery}`;
}

/** Shows an attempt whole: what was sent and what came back. */
export function showAttempt(out: Output, attempt: AttemptJson): void {
  const isGood = attempt.outcome === "SUCCEEDED";
  const mark = isGood ? out.style("green", "✓") : out.style("red", "✗");
  out.say(
    "",
    `${mark} ${out.style("bold", `attempt ${attempt.number}`)}  ${shortTime(attempt.startTime)}  ${attemptInWords(attempt)}`,
  );
  if (attempt.verdict) out.say(`  ${plainLine(attempt.verdict)}`);
  for (const { reason, duration } of attempt.waits ?? []) {
    out.say(`  waited ${shortDuration(duration ?? "")} for ${reason}`);
  }
  out.say(
    "",
    `  POST ${plainLine(attempt.url ?? "")}${attempt.remoteAddress ? `  (${attempt.remoteAddress})` : ""}`,
  );
  showHeaders(out, attempt.requestHeaders);
  if (!attempt.statusCode) return;
  out.say("", `  ${attempt.statusCode}`);
  showHeaders(out, attempt.responseHeaders);
  const { responseBody = "", responseTruncated } = attempt;
  if (responseBody !== "") out.say("", indented(plain(responseBody)));
  if (responseTruncated) out.say(out.style("dim", "  (the rest is not kept)"));
}

function showHeaders(out: Output, headers: Readonly<Record<string, string>> = {}): void {
  for (const [name, value] of Object.entries(headers)) {
    out.say(`  ${out.style("dim", `${plainLine(name)}:`)} ${plainLine(value)}`);
  }
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}

/** Gives a duration of ProtoJSON, such as `0.012915s`, as people write it. */
export function shortDuration(duration: string): string {
  const length = Number(duration.replace(/s$/, ""));
  if (!Number.isFinite(length)) return duration;
  if (length < 1) return `${Math.round(length * 1_000)} ms`;
  if (length < 120) return `${length.toFixed(1)} s`;
  return length < 7_200 ? `${Math.round(length / 60)} min` : `${Math.round(length / 3_600)} h`;
}

function clockTime(time: string | undefined): string {
  return time?.slice(11, 19) ?? "";
}
