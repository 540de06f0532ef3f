import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { eventually } from "@posthorn/testkit";
import { expect } from "vitest";

const run = promisify(execFile);

/** Runs the commands of a worked example one after the other, as its reader does. */
export interface Walk {
  /** Runs a command, and holds its answer against the one that is shown, which may be shorter. */
  compare(command: string, shown: string): Promise<void>;
  /** Takes over what a command sets in the reader's shell: `NAME=value`, for all that follow. */
  assign(command: string): void;
  /** Gives the command as the reader types it: with the ids of earlier answers, and places of here. */
  filled(command: string): string;
  /**
   * Gives the first id or secret of the kind in the answers so far, `wh_` or `whsec_`; of keys, as
   * `ph_`, the latest.
   */
  seen(prefix: string): string;
  /** Hides what differs from run to run, and keeps its form. */
  masked(text: string): string;
}

/** What the reader's shell has, and where things are here: by what the example writes, as `:9000`. */
export function walk(
  env: Readonly<Record<string, string>>,
  places: Readonly<Record<string, string>>,
): Walk {
  const known = new Map<string, string>();
  const assigned: string[] = [];
  const seen: Walk["seen"] = (prefix) => {
    const value = known.get(prefix);
    if (value === undefined) throw new Error(`no answer so far has a ${prefix}...`);
    return value;
  };
  return { compare, assign, filled, seen, masked };

  function assign(command: string): void {
    assigned.push(filled(command));
  }

  async function compare(command: string, shown: string): Promise<void> {
    const once = async () => check(await answerTo(command), shown);
    // What is only read may be read until it has got as far as the example.
    if (/ -X | -d /.test(command)) await once();
    else await eventually(once);
  }

  function filled(command: string): string {
    const placed = Object.entries(places).reduce(
      (text, [from, to]) => text.replace(from, to),
      command,
    );
    return placed.replaceAll(/\b(?:(?:wh|evt|dlv|conn|ph|lh)_|api-)\.\.\./g, (text) =>
      seen(text.slice(0, -3)),
    );
  }

  async function answerTo(command: string): Promise<string> {
    const quiet = 'curl() { command curl --silent --show-error "$@"; }';
    const script = [quiet, ...assigned, filled(command)].join("\n");
    const { stdout } = await run("bash", ["-c", script], { env });
    return stdout;
  }

  function check(answer: string, shown: string): void {
    for (const [text, prefix = "whsec_", key] of answer.matchAll(
      /\b(wh_|evt_|dlv_|conn_)[0-9a-z]{26}|\bwhsec_[^"]+|\b(ph_|lh_|api-)[0-9A-Za-z]{28}/g,
    )) {
      if (key !== undefined) known.set(key, text);
      else if (!known.has(prefix)) known.set(prefix, text);
    }
    expect(JSON.parse(masked(answer))).toMatchObject(JSON.parse(masked(shown)));
  }

  function masked(text: string): string {
    const placed = Object.entries(places).reduce(
      (one, [from, to]) => one.replaceAll(to, from),
      text,
    );
    return placed
      .replaceAll(/\b(wh|evt|dlv|att|conn)_(?:[0-9a-z]{26}|\.\.\.)/g, "$1_id")
      .replaceAll(/\b(ph_|lh_|api-)(?:[0-9A-Za-z]{28}|\.\.\.)/g, "$1key")
      .replaceAll(/whsec_[A-Za-z0-9+/=]{44}/g, "whsec_secret")
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "time")
      .replaceAll(/"v1,[A-Za-z0-9+/=]{44}"/g, '"v1,signature"')
      .replaceAll(/"00-[0-9a-f]{32}-[0-9a-f]{16}-01"/g, '"traceparent"')
      .replaceAll(/"\d+\.\d{6}s"/g, '"duration"')
      .replaceAll(/"(etag|webhook-timestamp)": ?"\d+"/g, '"$1":"number"');
  }
}
