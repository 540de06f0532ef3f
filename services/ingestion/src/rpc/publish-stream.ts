import type { HandlerContext } from "@connectrpc/connect";
import { AppError, invalid } from "@posthorn/errors";
import type { PublishEventRequest } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { type Authority, principalOf, resolveWorkspaceOf } from "@posthorn/rpc";
import { keyHeader } from "../domain/idempotency.ts";
import { requireEvent } from "../domain/require-event.ts";
import { traceparentOf } from "../domain/traceparent.ts";
import { groupAppend } from "../publish/group-append.ts";
import type { Publisher, Submission } from "../publish/publisher.ts";
import { type Homeless, noneYet } from "./at-home.ts";

/** What the publish stream needs. */
export interface StreamDeps {
  readonly publisher: Publisher;
  readonly authority: Authority;
  /** Milliseconds of a monotonic clock. */
  readonly monotonicMs: () => number;
  /** Told of events that are in the log. */
  readonly countAccepted: (count: number) => void;
}

/** A stream may outlive its key, so what was found out of the caller is good for this long. */
const callerGoodForMs = 5_000;
const workspaceIdsMax = 1_000;

/**
 * Publishes a stream of events in order and in groups. The first refusal ends it, once all that
 * came before is in the log.
 */
export async function streamPublishEvents(
  deps: StreamDeps,
  requests: AsyncIterable<PublishEventRequest>,
  context: HandlerContext,
): Promise<{ acceptedCount: bigint }> {
  if (context.requestHeader.has(keyHeader)) {
    throw invalid(keyHeader, "cannot name a stream: set event.idempotencyKey in each message");
  }
  const groups = groupAppend(deps.publisher);
  const toSubmission = submissionOf(deps, context);
  try {
    for await (const request of requests) {
      await groups.add(await toSubmission(request));
    }
  } finally {
    await groups.flushed().finally(() => deps.countAccepted(groups.appendedCount));
  }
  return { acceptedCount: BigInt(groups.appendedCount) };
}

/**
 * Checks messages and finds their workspaces, in this order, so that a refused one creates none;
 * makes sure now and then that the key is still good.
 */
function submissionOf({ authority, monotonicMs, publisher }: StreamDeps, context: HandlerContext) {
  const { provider } = principalOf(context);
  const traceparent = traceparentOf(context.requestHeader.get("traceparent"));
  const workspaceIds = new Map<string, string>();
  let goodUntilMs = monotonicMs() + callerGoodForMs;
  return async (request: PublishEventRequest): Promise<Submission> => {
    if (monotonicMs() > goodUntilMs) await checkCaller();
    const event = requireEvent(request.event);
    const key = event.idempotencyKey || undefined;
    const named = { provider, event, traceparent, key, field: "event" };
    const submission = { ...named, event: await publisher.check(named) };
    if (event.connection !== "") return await connected(submission, request.workspace);
    return { ...submission, workspaceId: await workspaceIdOf(request.workspace) };
  };

  /** A connection lies in a workspace that is there: what names one creates none. */
  async function connected(submission: Homeless, workspace: string): Promise<Submission> {
    const workspaceId =
      workspaceIds.get(workspace) ??
      (await resolveWorkspaceOf(context, workspace, false).catch(noneYet));
    const connection = await publisher.connect(submission, workspaceId);
    if (workspaceId === undefined) throw new Error("a connection was found outside any workspace");
    return { ...submission, workspaceId, connection };
  }

  async function workspaceIdOf(workspace: string): Promise<string> {
    const known = workspaceIds.get(workspace);
    if (known !== undefined) return known;
    if (workspaceIds.size >= workspaceIdsMax) workspaceIds.clear();
    const id = await resolveWorkspaceOf(context, workspace);
    workspaceIds.set(workspace, id);
    return id;
  }

  async function checkCaller(): Promise<void> {
    const key = context.requestHeader.get("authorization")?.replace(/^Bearer +/i, "") ?? "";
    if ((await authority.checkKey(key)) === undefined) {
      throw new AppError("unauthenticated", "the key was revoked or has expired");
    }
    workspaceIds.clear();
    goodUntilMs = monotonicMs() + callerGoodForMs;
  }
}
