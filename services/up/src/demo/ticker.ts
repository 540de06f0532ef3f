import type { Terminal } from "../terminal.ts";
import { isRecord } from "./api.ts";
import type { Received, Receiver } from "./receiver.ts";

/** Lines a second; what comes beyond is counted. */
const linesMax = 5;
const secondMs = 1_000;

/** Shows each delivery that comes in, one line each, and a flood as a number; gives what ends it. */
export function ticker({ onReceived }: Receiver, { say, style }: Terminal): () => void {
  let shownCount = 0;
  let hidden: Received[] = [];
  let timer: NodeJS.Timeout | undefined;
  const flush = () => {
    timer = undefined;
    shownCount = 0;
    if (hidden.length === 0) return;
    const bad = hidden.filter(({ problem }) => problem !== undefined).length;
    const signatures = bad === 0 ? "all signatures verified" : `${bad} without a good signature`;
    say(style("dim", `  and ${hidden.length} more, ${signatures}`));
    hidden = [];
  };
  const end = onReceived((received) => {
    timer ??= setTimeout(flush, secondMs).unref();
    if (shownCount++ < linesMax) say(`  ${lineOf(received, style)}`);
    else hidden.push(received);
  });
  return () => {
    end();
    clearTimeout(timer);
    flush();
  };
}

function lineOf({ id, body, problem }: Received, style: Terminal["style"]): string {
  const time = style("dim", new Date().toTimeString().slice(0, 8));
  const verdict =
    problem === undefined ? style("green", "signature verified") : style("red", problem);
  return `${time}  received ${typeOf(body)}  ${style("dim", id)}  ${verdict}`;
}

function typeOf(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? String(value["type"]) : "?";
  } catch {
    return "?";
  }
}
