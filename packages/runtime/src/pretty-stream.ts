interface TextSink {
  write(text: string): unknown;
}

interface LogLine {
  readonly [key: string]: unknown;
}

const plumbing = new Set(["level", "time", "name", "msg", "pid", "hostname", "err"]);

/** Gives a sink that turns a logger's JSON lines into lines for people. */
export function prettyStream(destination: TextSink): TextSink {
  return { write: (text) => destination.write(prettyLine(JSON.parse(text))) };
}

function prettyLine(line: LogLine): string {
  const time = String(line["time"]).slice(11, 23);
  const level = String(line["level"]).toUpperCase().padEnd(5);
  const extras = Object.entries(line)
    .filter(([key]) => !plumbing.has(key))
    .map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `${time} ${level} ${line["name"]}: ${line["msg"] ?? ""}${extras.join("")}${stackOf(line)}\n`;
}

function stackOf(line: LogLine): string {
  const error = line["err"];
  if (typeof error !== "object" || error === null || !("stack" in error)) return "";
  return `\n${String(error.stack)}`;
}
