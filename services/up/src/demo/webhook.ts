import type { DataDir } from "../data-dir.ts";
import { type Api, ApiError, isRecord, textOf } from "./api.ts";

/** The demo's webhook, registered. */
export interface DemoWebhook {
  /** `wh_` + 26 characters. */
  readonly id: string;
  /** `whsec_...` */
  readonly secret: string;
  /** Whether an earlier start registered it. */
  readonly isKnown: boolean;
}

/** Tells the demo's webhook from those of the user. */
const metadata = { posthorn: "demo-receiver" };

/**
 * Registers the webhook on the first start; later ones tell it where the receiver is now. Its
 * secret, which is shown once, lies in the data folder; when it was lost there is a new one.
 */
export async function demoWebhook(
  api: Api,
  { base, url, dataDir }: { base: string; url: string; dataDir: DataDir },
): Promise<DemoWebhook> {
  const found = await find(api, base);
  if (found === undefined) {
    const body = { name: "Demo receiver", description, url, eventTypes: [], metadata };
    const made = await api.call("POST", `${base}/webhooks`, body);
    return { ...(await keep(dataDir, made)), isKnown: false };
  }
  await api.call("PATCH", `${base}/webhooks/${found}`, { url, state: "ACTIVE" });
  const [id, secret] = (await dataDir.read("demo-webhook"))?.split(" ") ?? [];
  if (id === found && secret !== undefined) return { id, secret, isKnown: true };
  const rotated = await api.call("POST", `${base}/webhooks/${found}:rotateSecret`, {
    overlap: "0s",
  });
  return { ...(await keep(dataDir, rotated)), isKnown: true };
}

const description = "The receiver inside of `npm start`.";

/** Looks through all pages: users may have registered many. */
async function find(api: Api, base: string): Promise<string | undefined> {
  let pageToken = "";
  do {
    const query = `pageSize=250&pageToken=${encodeURIComponent(pageToken)}`;
    const page = await api.call("GET", `${base}/webhooks?${query}`).catch(noPage);
    const webhooks = Array.isArray(page["webhooks"]) ? page["webhooks"].filter(isRecord) : [];
    const ours = webhooks.find((webhook) => isOurs(webhook["metadata"]));
    if (ours !== undefined) return textOf(ours, "id");
    pageToken = typeof page["nextPageToken"] === "string" ? page["nextPageToken"] : "";
  } while (pageToken !== "");
  return undefined;
}

/** The first webhook makes the workspace, so before it there may be none. */
function noPage(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof ApiError && error.status === 404) return {};
  throw error;
}

function isOurs(value: unknown): boolean {
  return isRecord(value) && value["posthorn"] === metadata.posthorn;
}

async function keep(dataDir: DataDir, webhook: Readonly<Record<string, unknown>>) {
  const id = textOf(webhook, "id");
  const secret = textOf(webhook, "secret");
  await dataDir.write("demo-webhook", `${id} ${secret}`);
  return { id, secret };
}
