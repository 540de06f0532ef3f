import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { PublishService } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { principalOf } from "@posthorn/rpc";
import { heavyTurn } from "@posthorn/runtime";
import { batchSizeProblem } from "../domain/batch-check.ts";
import { checkKeyHeader, keyHeader, keyInBatch, keyOfEvent } from "../domain/idempotency.ts";
import { requireEvent } from "../domain/require-event.ts";
import { traceparentOf } from "../domain/traceparent.ts";
import type { Publisher } from "../publish/publisher.ts";
import { allOrRefusal } from "./all-or-refusal.ts";
import { atHome, type Homeless } from "./at-home.ts";
import { type StreamDeps, streamPublishEvents } from "./publish-stream.ts";

/** What the publish RPCs need. */
export interface PublishServiceDeps extends StreamDeps {
  readonly publisher: Publisher;
}

/** To check and encode so many events takes about half a millisecond. */
const heavyCount = 25;

/** The RPCs by which events come in. An answer means that the log has the events. */
export function publishService(deps: PublishServiceDeps): ServiceImpl<typeof PublishService> {
  const { publisher, countAccepted } = deps;
  return {
    async publishEvent(request, context) {
      const event = requireEvent(request.event);
      const key = keyOfEvent(keyHeaderOf(context), event);
      const submission = { ...sourceOf(context), event, key, field: "event" };
      submission.event = await publisher.check(submission);
      const accepted = await publisher.identify(await atHome(publisher, context, [submission]));
      await publisher.append(accepted);
      countAccepted(1);
      return requireEvent(accepted[0]?.event);
    },
    async batchPublishEvents(request, context) {
      if (request.events.length >= heavyCount) await heavyTurn("fresh");
      const source = sourceOf(context);
      const header = keyHeaderOf(context);
      const count = request.events.length;
      const named = request.events.map((event, index) => {
        const key = keyInBatch(header, event, { index, count });
        return { ...source, event, key, field: `events[${index}]` };
      });
      const problem = batchSizeProblem(request.events);
      if (problem !== undefined) throw problem;
      // The whole batch is checked, so that the answer names all that is wrong with it.
      const checked = await allOrRefusal(named.map(check));
      const submissions = await atHome(publisher, context, checked);
      const accepted = await publisher.identify(submissions);
      await publisher.append(accepted);
      countAccepted(count);
      return { events: accepted.map(({ event }) => event) };
    },
    streamPublishEvents: (requests, context) => streamPublishEvents(deps, requests, context),
  };

  async function check(submission: Homeless): Promise<Homeless> {
    return { ...submission, event: await publisher.check(submission) };
  }
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
