import { resolve } from "node:path";
import { isCancel, password, text } from "@clack/prompts";
import {
  type PosthornClient,
  PosthornError,
  posthornClient,
  timestampDate,
} from "@posthorn/client";
import type { Command } from "commander";
import type { Act } from "../act.ts";
import { exitCodes, Failure, misuse } from "../failure.ts";
import { readSecret } from "../input/files.ts";
import {
  checkProfileName,
  type Profile,
  readProfiles,
  withoutProfile,
  withProfile,
  writeProfiles,
} from "../profile/profiles.ts";
import { checkServer, type GlobalOptions, type Session, userAgent } from "../session.ts";
import { examples } from "./help.ts";

interface LoginOptions extends GlobalOptions {
  readonly keyFile?: string;
  readonly dataDir?: string;
}

/** What a key is for. */
interface KeyFacts {
  readonly level: "admin" | "operator" | "workspace";
  readonly provider: string;
  /** Of workspace keys. */
  readonly workspace: string;
  readonly scopes: readonly string[];
  readonly expireTime: string;
}

/** login, logout, whoami, profiles. */
export function loginCommands(root: Command, act: Act): void {
  root
    .command("login")
    .description("keep a key in a profile, after asking Posthorn what it is for")
    .option("--key-file <path>", "a file that holds the key; - is standard input")
    .option("--data-dir <path>", "the data folder of npm start: takes both of its keys")
    .action(act(login))
    .addHelpText(
      "after",
      examples(
        ["posthorn login", "asks for server and key"],
        ["posthorn login --data-dir .posthorn --workspace acme", "after npm start"],
        ["posthorn login --server https://hooks.example.com --key-file -", "from standard input"],
        ["posthorn login --profile production --key-file key.txt", "beside other profiles"],
      ),
    );
  root
    .command("logout")
    .description("forget a profile and its keys")
    .action(act(logout))
    .addHelpText("after", examples(["posthorn logout"], ["posthorn logout --profile production"]));
  root
    .command("whoami")
    .description("tell which Posthorn is meant, and what the key may do")
    .action(act(whoami))
    .addHelpText("after", examples(["posthorn whoami"], ["posthorn whoami --json"]));
  const profiles = root.command("profiles").description("the profiles on this machine");
  profiles
    .command("list")
    .description("list profiles; the current one has a star")
    .action(act(listProfiles))
    .addHelpText("after", examples(["posthorn profiles list"]));
  profiles
    .command("use <name>")
    .description("make a profile the current one")
    .action(act(useProfile))
    .addHelpText("after", examples(["posthorn profiles use production"]));
}

async function login(session: Session, options: LoginOptions): Promise<void> {
  const { profileName: name, out } = session;
  checkProfileName(name);
  const known = options.server !== undefined || session.environment.env["POSTHORN_SERVER"];
  const server = known || !mayAsk(session, options) ? session.server : await askServer(session);
  const keys = await readKeys(session, options);
  const before = session.profile?.server === server ? session.profile : undefined;
  let profile: Profile = { ...before, server };
  for (const key of keys) {
    const facts = await factsOf(posthornClient({ url: server, key, userAgent }));
    profile = withKey(profile, key, facts);
    out.say(`${capital(inWords(facts))}: ${server} takes it.`);
  }
  const { workspace = profile.workspace } = options;
  profile = workspace === undefined ? profile : { ...profile, workspace };
  const profiles = await readProfiles(session.profilesPath);
  await writeProfiles(session.profilesPath, withProfile(profiles, name, profile));
  out.say(`Kept in the profile ${name} (${session.profilesPath}), which is the current one now.`);
  if (profile.key !== undefined && profile.workspace === undefined) {
    out.note("Most commands need a workspace: posthorn login --workspace NAME keeps one.");
  }
  out.json(JSON.stringify({ profile: name, server, workspace: profile.workspace ?? "" }));
}

function mayAsk({ environment, out }: Session, { keyFile, dataDir }: LoginOptions): boolean {
  const isGiven = keyFile !== undefined || dataDir !== undefined;
  return !isGiven && out.isInteractive && environment.stdin.isTTY === true;
}

async function askServer({ server }: Session): Promise<string> {
  const answer = await text({ message: "Where is Posthorn?", initialValue: server });
  if (isCancel(answer)) throw new Failure(exitCodes.interrupted, "Nothing was kept");
  return checkServer(answer);
}

async function readKeys(session: Session, options: LoginOptions): Promise<readonly string[]> {
  const { environment } = session;
  if (options.dataDir !== undefined) {
    const dir = resolve(environment.workingDir, options.dataDir);
    const admin = await readSecret(environment, `${dir}/admin-key`);
    const operator = await readSecret(environment, `${dir}/operator-key`).catch(() => undefined);
    return operator === undefined ? [admin] : [admin, operator];
  }
  if (options.keyFile !== undefined) return [await readSecret(environment, options.keyFile)];
  const given = environment.env["POSTHORN_API_KEY"];
  if (given) return [given];
  if (mayAsk(session, options)) return [await askKey()];
  if (options.workspace !== undefined && session.key !== undefined) return [session.key];
  throw misuse("which key? Give --key-file, --data-dir or POSTHORN_API_KEY");
}

async function askKey(): Promise<string> {
  const answer = await password({ message: "Key (of an admin, an operator or a workspace)" });
  if (isCancel(answer) || answer.trim() === "") {
    throw new Failure(exitCodes.interrupted, "Nothing was kept");
  }
  return answer.trim();
}

function withKey(profile: Profile, key: string, { level, workspace }: KeyFacts): Profile {
  if (level === "admin") return { ...profile, adminKey: key };
  const { workspace: _, ...rest } = profile;
  return level === "workspace" ? { ...rest, key, workspace } : { ...profile, key };
}

/** Asks Posthorn what a key is for. */
async function factsOf(client: PosthornClient): Promise<KeyFacts> {
  try {
    const { provider, workspace, scopes, expireTime } = await client.apiKeys.getOwnApiKey({});
    const level = workspace === "" ? "operator" : "workspace";
    const until = expireTime === undefined ? "" : timestampDate(expireTime).toISOString();
    return { level, provider, workspace, scopes: [...scopes], expireTime: until };
  } catch (error) {
    // An admin's key is for the instance alone.
    if (!(error instanceof PosthornError) || error.reason !== "forbidden") throw error;
  }
  await client.providers.listProviders({ pageSize: 1 });
  return { level: "admin", provider: "", workspace: "", scopes: [], expireTime: "" };
}

function inWords({ level, provider, workspace, scopes }: KeyFacts): string {
  switch (level) {
    case "admin":
      return "the admin's key";
    case "operator":
      return `an operator's key of the provider ${provider}`;
    case "workspace":
      return `a key of the workspace ${workspace} of ${provider} (${scopes.join(", ")})`;
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function logout({ profileName, profilesPath, out }: Session): Promise<void> {
  const profiles = await readProfiles(profilesPath);
  if (profiles.profiles[profileName] === undefined) throw noProfile(profileName);
  await writeProfiles(profilesPath, withoutProfile(profiles, profileName));
  out.say(
    `The profile ${profileName} and its keys are forgotten here. The keys stay good: posthorn keys revoke ends one.`,
  );
  out.json(JSON.stringify({ profile: profileName }));
}

async function whoami(session: Session): Promise<void> {
  const { out, server, profile, profileName } = session;
  const facts = await factsOf(session.client());
  const workspace = facts.workspace || (profile?.workspace ?? "");
  out.json(
    JSON.stringify({ server, profile: profile && profileName, ...facts, workspace }, null, 2),
  );
  out.fields([
    ["server", server],
    ["profile", profile && profileName],
    ["key", facts.level],
    ["provider", facts.provider],
    ["workspace", workspace],
    ["scopes", facts.scopes.join(", ")],
    ["expires", facts.expireTime],
    ["admin key", session.adminKey === undefined ? "none" : "in the profile"],
  ]);
}

async function listProfiles({ out, profilesPath }: Session): Promise<void> {
  const { current, profiles } = await readProfiles(profilesPath);
  const rows = Object.entries(profiles).map(([name, { server, workspace, key, adminKey }]) => ({
    name,
    isCurrent: name === current,
    server,
    workspace: workspace ?? "",
    keys: [key && "key", adminKey && "admin key"].filter(Boolean).join(", "),
  }));
  out.json(JSON.stringify({ profiles: rows }, null, 2));
  if (rows.length === 0) return out.say("There is no profile yet: posthorn login makes one.");
  out.table(rows, [
    { title: "", of: ({ isCurrent }) => (isCurrent ? "*" : "") },
    { title: "NAME", of: ({ name }) => name },
    { title: "SERVER", of: ({ server }) => server },
    { title: "WORKSPACE", of: ({ workspace }) => workspace },
    { title: "HAS", of: ({ keys }) => keys },
  ]);
}

async function useProfile(session: Session, _: unknown, [name = ""]: readonly string[]) {
  const { profilesPath, out } = session;
  const { profiles } = await readProfiles(profilesPath);
  if (profiles[name] === undefined) throw noProfile(name);
  await writeProfiles(profilesPath, { profiles, current: name });
  out.say(`The current profile is ${name}.`);
  out.json(JSON.stringify({ profile: name }));
}

function noProfile(name: string): Failure {
  return misuse(`there is no profile ${name}: see posthorn profiles list`);
}
