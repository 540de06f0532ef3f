import { type PosthornClient, PosthornError, posthornClient } from "@posthorn/client";
import type { Environment } from "./environment.ts";
import { exitCodes, Failure, misuse } from "./failure.ts";
import type { Output } from "./output/output.ts";
import { type Profile, profilesPath, readProfiles } from "./profile/profiles.ts";

/** What every command takes. */
export interface GlobalOptions {
  readonly profile?: string;
  readonly server?: string;
  readonly workspace?: string;
  readonly json?: boolean;
  readonly color?: boolean;
}

/** What a command works with: who calls which Posthorn, where the answer goes. */
export interface Session {
  readonly environment: Environment;
  readonly out: Output;
  readonly stop: AbortSignal;
  /** Of the profile; undefined: none is named, and there is no current one. */
  readonly profile: Profile | undefined;
  readonly profileName: string;
  readonly profilesPath: string;
  /** Without a slash at its end. */
  readonly server: string;
  /** The key that commands but `providers` use; undefined: none is known. */
  readonly key: string | undefined;
  readonly adminKey: string | undefined;
  /** Gives a client. Throws Failure when no key is known. */
  client(as?: "admin"): PosthornClient;
  /** Gives the workspace that is meant; a workspace key knows its own. Throws Failure. */
  workspace(): Promise<string>;
}

/** Where `posthorn up` serves. */
export const serverDefault = "http://127.0.0.1:8420";

/** What the calls say of the program. */
export const userAgent = "posthorn-cli";

/** Finds out which Posthorn is meant: options go before the environment, and that before the profile. */
export async function openSession(
  environment: Environment,
  { options, out }: { options: GlobalOptions; out: Output },
): Promise<Session> {
  const { env, stop } = environment;
  const path = profilesPath(env);
  const named = options.profile ?? (env["POSTHORN_PROFILE"] || undefined);
  const { current, profiles } = await readProfiles(path);
  const profileName = named ?? current;
  const profile = profiles[profileName];
  const given = env["POSTHORN_API_KEY"] || undefined;
  const server = checkServer(
    options.server ?? (env["POSTHORN_SERVER"] || profile?.server || serverDefault),
  );
  const isKept = profile !== undefined && (options.server === undefined || same(server, profile));
  // A key goes to the server that it was kept for, and to no other.
  const key = given ?? (isKept ? profile.key : undefined);
  const adminKey = given ?? (isKept ? profile.adminKey : undefined);
  const namedWorkspace = options.workspace ?? (env["POSTHORN_WORKSPACE"] || undefined);
  const session: Session = {
    environment,
    out,
    stop,
    profile,
    profileName,
    profilesPath: path,
    server,
    key,
    adminKey,
    client(as) {
      const wanted = as === "admin" ? (adminKey ?? key) : (key ?? adminKey);
      if (wanted !== undefined) return posthornClient({ url: server, key: wanted, userAgent });
      if (named !== undefined && profile === undefined) {
        throw keyless(`there is no profile ${named}: posthorn login --profile ${named} makes it`);
      }
      const what = as === "admin" ? "an admin key" : "a key";
      throw keyless(`${what} to ${server} is needed: posthorn login, or POSTHORN_API_KEY`);
    },
    async workspace() {
      const known = namedWorkspace ?? (given === undefined ? profile?.workspace : undefined);
      return known ?? (await ownWorkspace(session.client()));
    },
  };
  return session;
}

function same(server: string, profile: Profile): boolean {
  return server === checkServer(profile.server);
}

/** Gives a server's URL without a slash at its end. Throws Failure for what is none. */
export function checkServer(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === undefined || !isHttp || url.username !== "" || url.search !== "") {
    throw misuse(`--server: ${text} must be a URL such as ${serverDefault}`);
  }
  return url.href.replace(/\/+$/, "");
}

async function ownWorkspace({ apiKeys }: PosthornClient): Promise<string> {
  const own = await apiKeys.getOwnApiKey({}).catch(withoutAdmin);
  if (own !== undefined && own.workspace !== "") return own.workspace;
  throw misuse(
    "which workspace? Give --workspace or POSTHORN_WORKSPACE, or log in with one: posthorn login --workspace NAME",
  );
}

/** An admin key has no provider, and so no workspace. */
function withoutAdmin(error: unknown): undefined {
  if (error instanceof PosthornError && error.reason === "forbidden") return undefined;
  throw error;
}

function keyless(message: string): Failure {
  return new Failure(exitCodes.key, message);
}
