import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import {
  type Execution,
  ExecutionSchema,
} from "@posthorn/proto/posthorn/compat/tracktile/v1/hook_service";
import type { Attempt, Delivery } from "@posthorn/proto/posthorn/delivery/v1/delivery";
import { textOrNull } from "../json-value.ts";
import { allPages, following, type Posthorn } from "../posthorn.ts";

/** Whose attempts are looked at, and how many deliveries' are read at once. */
const limits = { deliveryCount: 50, atOnceCount: 10 };

/** Gives all attempts of a webhook's newest deliveries, newest first; `not_found` without one. */
export async function listExecutions(
  own: Posthorn,
  { workspace, webhook }: { workspace: string; webhook: string },
  context: HandlerContext,
): Promise<Execution[]> {
  const call = following(context);
  const page = { workspace, webhook, pageSize: limits.deliveryCount };
  const [{ deliveries }] = await Promise.all([
    own.deliveries.listDeliveries(page, call),
    // A filter by a webhook that is not there gives an empty list; who asks for it wants to know.
    own.webhooks.getWebhook({ workspace, webhook }, call),
  ]);
  const tried = deliveries.filter(({ attemptCount }) => attemptCount > 0);
  const attempts: Attempt[] = [];
  for (let at = 0; at < tried.length; at += limits.atOnceCount) {
    const some = tried.slice(at, at + limits.atOnceCount);
    const read = some.map((delivery) => attemptsOf(own, { workspace, delivery }, context));
    attempts.push(...(await Promise.all(read)).flat());
  }
  return attempts.sort((a, b) => startedAtMs(b) - startedAtMs(a)).map(toExecution);
}

async function attemptsOf(
  own: Posthorn,
  { workspace, delivery }: { workspace: string; delivery: Delivery },
  context: HandlerContext,
): Promise<Attempt[]> {
  return await allPages(async (pageToken) => {
    const request = { workspace, delivery: delivery.id, pageSize: 250, pageToken };
    const page = await own.deliveries.listAttempts(request, following(context));
    return { items: page.attempts, nextPageToken: page.nextPageToken };
  });
}

function startedAtMs({ startTime }: Attempt): number {
  return startTime === undefined ? 0 : timestampMs(startTime);
}

/** Gives an attempt as Tracktile shows it. */
export function toExecution(attempt: Attempt): Execution {
  const { id, event, eventType, startTime, statusCode, responseHeaders, responseBody } = attempt;
  const response = { headers: responseHeaders, body: responseBody };
  return create(ExecutionSchema, {
    id,
    eventId: event,
    kind: eventType,
    statusCode,
    ...(startTime && { time: startTime }),
    ...(statusCode > 0 && { response }),
    error: textOrNull(attempt.error),
  });
}
