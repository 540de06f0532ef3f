import type { Webhook as Message } from "@posthorn/proto/posthorn/subscription/v1/webhook";
import type { Webhook } from "../../domain/webhook.ts";
import type { Deps } from "../deps.ts";
import { toMessage } from "./webhook-message.ts";

/** Gives the message of one webhook of a workspace, with its health as far as it is known. */
export async function withHealth(
  { addHealth }: Pick<Deps, "addHealth">,
  workspaceId: string,
  webhook: Webhook,
): Promise<Message> {
  const message = toMessage(webhook);
  const [shown = message] = await addHealth(workspaceId, [message]);
  return shown;
}
