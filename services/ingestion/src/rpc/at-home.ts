import type { HandlerContext } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import { ensureWorkspaceOf, findWorkspaceOf } from "@posthorn/rpc";
import type { Publisher, Submission } from "../publish/publisher.ts";
import { allOrRefusal } from "./all-or-refusal.ts";

/** A checked event of a request, before its workspace is known. */
export type Homeless = Omit<Submission, "workspaceId" | "connection">;

/**
 * Gives checked events their workspace, which is created if it may be, and their connections.
 * Throws `invalid` for connections that are not there; then no workspace is created.
 */
export async function atHome(
  publisher: Publisher,
  context: HandlerContext,
  submissions: readonly Homeless[],
): Promise<readonly Submission[]> {
  if (submissions.every(({ event }) => event.connection === "")) {
    const workspaceId = await ensureWorkspaceOf(context);
    return submissions.map((submission) => ({ ...submission, workspaceId }));
  }
  const workspaceId = await findWorkspaceOf(context).catch(noneYet);
  const connections = await allOrRefusal(
    submissions.map(async (submission) =>
      submission.event.connection === ""
        ? undefined
        : await publisher.connect(submission, workspaceId),
    ),
  );
  if (workspaceId === undefined) throw new Error("a connection was found outside any workspace");
  return submissions.map((submission, index) => {
    return { ...submission, workspaceId, connection: connections[index] };
  });
}

/** Gives undefined for `not_found`: a workspace that is not there has no connections either. */
export function noneYet(error: unknown): undefined {
  if (error instanceof AppError && error.reason === "not_found") return undefined;
  throw error;
}
