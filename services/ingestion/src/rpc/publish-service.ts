import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { AppError } from "@posthorn/errors";
import type { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { ensureWorkspaceOf, principalOf } from "@posthorn/rpc";
import { batchRefusal, batchSizeProblem } from "../domain/batch-check.ts";
import { checkKeyHeader, keyHeader, keyInBatch, keyOfEvent } from "../domain/idempotency.ts";
import { requireEvent } from "../domain/require-event.ts";
import { traceparentOf } from "../domain/traceparent.ts";
import type { Publisher, Submission } from "../publish/publisher.ts";
import { type StreamDeps, streamPublishEvents } from "./publish-stream.ts";

/** What the publish RPCs need. */
export interface PublishServiceDeps extends StreamDeps {
  readonly publisher: Publisher;
}

/** The RPCs by which events come in. An answer means that the log has the events. */
export function publishService(deps: PublishServiceDeps): ServiceImpl<typeof PublishService> {
  const { publisher, countAccepted } = deps;
  return {
    async publishEvent(request, context) {
      const event = requireEvent(request.event);
      const key = keyOfEvent(keyHeaderOf(context), event);
      const submission = { ...sourceOf(context), event, key, field: "event" };
      await publisher.check(submission);
      const workspaceId = await ensureWorkspaceOf(context);
      const accepted = await publisher.identify([{ ...submission, workspaceId }]);
      await publisher.append(accepted);
      countAccepted(1);
      return requireEvent(accepted[0]?.event);
    },
    async batchPublishEvents(request, context) {
      const source = sourceOf(context);
      const header = keyHeaderOf(context);
      const count = request.events.length;
      const checked = request.events.map((event, index) => {
        const key = keyInBatch(header, event, { index, count });
        return { ...source, event, key, field: `events[${index}]` };
      });
      const problem = batchSizeProblem(request.events);
      if (problem !== undefined) throw problem;
      await checkAll(checked);
      const workspaceId = await ensureWorkspaceOf(context);
      const submissions = checked.map((it): Submission => ({ ...it, workspaceId }));
      const accepted = await publisher.identify(submissions);
      await publisher.append(accepted);
      countAccepted(count);
      return { events: accepted.map(({ event }) => event) };
    },
    streamPublishEvents: (requests, context) => streamPublishEvents(deps, requests, context),
  };

  /** Checks the whole batch, so that the answer names all that is wrong with it. */
  async function checkAll(submissions: readonly Omit<Submission, "workspaceId">[]): Promise<void> {
    const checks = submissions.map((submission) =>
      publisher.check(submission).then(() => undefined, refusalOf),
    );
    const refusals = (await Promise.all(checks)).filter((refusal) => refusal !== undefined);
    const refusal = batchRefusal(refusals);
    if (refusal !== undefined) throw refusal;
  }
}

/** Gives an error that is the fault of an event; others are thrown on. */
function refusalOf(error: unknown): AppError {
  if (error instanceof AppError && error.fields.length > 0) return error;
  throw error;
}

function sourceOf(context: HandlerContext) {
  return {
    provider: principalOf(context).provider,
    traceparent: traceparentOf(context.requestHeader.get("traceparent")),
  };
}

function keyHeaderOf(context: HandlerContext): string | undefined {
  return checkKeyHeader(context.requestHeader.get(keyHeader));
}
