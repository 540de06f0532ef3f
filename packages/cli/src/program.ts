import { Command, CommanderError } from "commander";
import type { Act } from "./act.ts";
import { completionCommand } from "./commands/completion.ts";
import { connectionCommands } from "./commands/connections.ts";
import { deliveryCommands } from "./commands/deliveries.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { eventTypeCommands } from "./commands/event-types.ts";
import { eventCommands } from "./commands/events.ts";
import { keyCommands } from "./commands/keys.ts";
import { listenCommand } from "./commands/listen.ts";
import { loginCommands } from "./commands/login.ts";
import { providerCommands } from "./commands/providers.ts";
import { replayCommands } from "./commands/replays.ts";
import { serverCommands } from "./commands/server.ts";
import { verifyCommand } from "./commands/verify.ts";
import { webhookCommands } from "./commands/webhooks.ts";
import { workspaceCommands } from "./commands/workspaces.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./failure.ts";
import { type Told, toldBy } from "./failure-words.ts";
import { output } from "./output/output.ts";
import { plain } from "./output/plain.ts";
import { type GlobalOptions, openSession, serverDefault } from "./session.ts";

/** Of this program. */
export const version = "0.1.0";

/** Runs a command line; gives its exit code. Throws defects only. */
export async function runCli(args: readonly string[], environment: Environment): Promise<number> {
  const run = { exitCode: 0 as number, server: serverDefault };
  const act: Act =
    (handler) =>
    async (...all) => {
      const command = all.at(-1) as Command;
      const options = command.optsWithGlobals() as Parameters<typeof handler>[1];
      const session = await openSession(environment, {
        options,
        out: outputOf(options, environment),
      });
      run.server = session.server;
      run.exitCode = (await handler(session, options, command.args)) ?? exitCodes.done;
    };
  const root = program(environment, act);
  try {
    await root.parseAsync([...args], { from: "user" });
    return run.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return helpCode(error);
    if (environment.stop.aborted) return exitCodes.interrupted;
    const told = toldBy(error, run.server);
    if (told === undefined) throw error;
    const hint = error instanceof CommanderError ? ` See ${commandOf(root, args)} --help.` : "";
    tell({ ...told, message: told.message + hint }, args, environment);
    return told.exitCode;
  }
}

/** Gives the tree of commands. */
export function program(environment: Environment, act: Act): Command {
  const root = new Command("posthorn")
    .description("Posthorn's command line: webhooks, events and deliveries from a terminal.")
    .version(version, "-V, --version", "the version of this program")
    .option("--profile <name>", "the profile to take; else POSTHORN_PROFILE, else the last one")
    .option("--server <url>", `where Posthorn is; else POSTHORN_SERVER, else the profile's`)
    .option("-w, --workspace <name>", "id or alias; else POSTHORN_WORKSPACE, else the profile's")
    .option("--json", "print JSON, for programs")
    .option("--no-color", "print no colours; as NO_COLOR=1")
    .helpOption("-h, --help", "this text")
    .helpCommand("help [command]", "the help of a command")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text),
      outputError() {},
    })
    .addHelpText("after", rootHelp);
  loginCommands(root, act);
  providerCommands(root, act);
  eventTypeCommands(root, act);
  workspaceCommands(root, act);
  keyCommands(root, act);
  connectionCommands(root, act);
  webhookCommands(root, act);
  eventCommands(root, act);
  deliveryCommands(root, act);
  replayCommands(root, act);
  listenCommand(root, act);
  verifyCommand(root, act);
  serverCommands(root, act);
  doctorCommand(root, act);
  completionCommand(root, act);
  return root;
}

const rootHelp = `
Examples:
  posthorn login --data-dir .posthorn --workspace acme      after npm start, in its folder
  posthorn webhooks register --name="Orders" --on=order.created --url=https://example.com/hooks
  posthorn events publish --type order.created --data '{"orderId": "ord_7"}'
  posthorn deliveries list --state EXHAUSTED
  posthorn listen --to 3000/webhooks

Exit codes: 0 done, 1 refused or "no", 2 wrong command line or file, 3 not reachable now,
4 key, 5 not found, 6 done in part (the message says how to go on), 130 stopped by Ctrl-C.`;

function outputOf(options: GlobalOptions, { env, stdout, stderr }: Environment) {
  const hasColours = options.color !== false && !env["NO_COLOR"];
  return output({ stdout, stderr, isJson: options.json === true, hasColours });
}

const helpCodes = ["commander.helpDisplayed", "commander.help", "commander.version"];

function isHelp({ code }: CommanderError): boolean {
  return helpCodes.includes(code);
}

/** Who named a group and no command of it has asked for nothing yet. */
function helpCode({ code }: CommanderError): number {
  return code === "commander.help" ? exitCodes.usage : exitCodes.done;
}

function tell(
  { message, reason, exitCode }: Told,
  args: readonly string[],
  { stderr }: Environment,
) {
  const isJson = args.includes("--json");
  const line = isJson ? JSON.stringify({ error: { reason, message, exitCode } }) : plain(message);
  stderr.write(`${line}\n`);
}

/** Gives the command that a command line names, as far as it names one. */
function commandOf(root: Command, args: readonly string[]): string {
  const names = [root.name()];
  let at = root;
  for (const arg of args) {
    const next = at.commands.find((command) => command.name() === arg);
    if (next === undefined) continue;
    names.push(arg);
    at = next;
  }
  return names.join(" ");
}
