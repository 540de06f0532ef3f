import type { HandlerContext } from "@connectrpc/connect";
import type { Webhook as Message } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import type { Webhook } from "../../domain/webhook.ts";
import type { Deps } from "../deps.ts";
import { requireProvider } from "../require.ts";
import { addProviderFields } from "./provider-fields.ts";
import { toMessage } from "./webhook-message.ts";

/**
 * Gives the messages of webhooks of the workspace that was called for, with what
 * their provider has to do with, and with their health as far as it is known.
 */
export async function showWebhooks(
  deps: Pick<Deps, "addHealth" | "db" | "masterKey">,
  context: HandlerContext,
  webhooks: readonly Webhook[],
): Promise<Message[]> {
  const workspaceId = workspaceIdOf(context);
  const provider = await requireProvider(deps.db, principalOf(context).provider);
  const messages = await deps.addHealth(workspaceId, webhooks.map(toMessage));
  return await addProviderFields(deps, { provider, workspaceId }, messages);
}

/** Does the same for one webhook. */
export async function showWebhook(
  deps: Pick<Deps, "addHealth" | "db" | "masterKey">,
  context: HandlerContext,
  webhook: Webhook,
): Promise<Message> {
  const [shown] = await showWebhooks(deps, context, [webhook]);
  return shown ?? toMessage(webhook);
}
