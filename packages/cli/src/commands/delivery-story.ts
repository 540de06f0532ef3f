import { delivery, jsonOf, PosthornError, printJson } from "@posthorn/client";
import { type Output, shortTime } from "../output/output.ts";
import { plain } from "../output/plain.ts";
import type { Session } from "../session.ts";
import { showAttempt } from "./attempt-view.ts";

const { AttemptSchema, DeliverySchema, EventSchema } = delivery;

/** Attempts of one delivery: at most 21 of a schedule, so one page has all. */
const attemptsMax = 250;

/** Shows a delivery with its event, what it waits for, and every attempt. */
export async function showDelivery(session: Session, id: string): Promise<void> {
  const { out } = session;
  const workspace = await session.workspace();
  const { deliveries, events } = session.client();
  const found = await deliveries.getDelivery({ workspace, delivery: id });
  const [{ attempts }, event] = await Promise.all([
    deliveries.listAttempts({ workspace, delivery: id, pageSize: attemptsMax }),
    events.getEvent({ workspace, event: found.event }).catch(unlessGone),
  ]);
  out.json(storyJson({ found, attempts, event }));
  showFacts(out, jsonOf(DeliverySchema, found));
  if (event) showEvent(out, event);
  if (attempts.length === 0) out.say("", "No attempt has been made yet.");
  for (const attempt of attempts) showAttempt(out, jsonOf(AttemptSchema, attempt));
}

/** The events of tests are not listed. */
function unlessGone(error: unknown): undefined {
  if (error instanceof PosthornError && error.reason === "not_found") return undefined;
  throw error;
}

interface Story {
  readonly found: delivery.Delivery;
  readonly attempts: readonly delivery.Attempt[];
  readonly event: delivery.Event | undefined;
}

/** One object; by text, as the event's data must stay as it is. */
function storyJson({ found, attempts, event }: Story): string {
  const members = [
    `"delivery": ${printJson(DeliverySchema, found)}`,
    ...(event ? [`"event": ${printJson(EventSchema, { ...event, deliveries: [] })}`] : []),
    `"attempts": [${attempts.map((attempt) => printJson(AttemptSchema, attempt)).join(", ")}]`,
  ];
  return `{${members.join(", ")}}`;
}

function showFacts(out: Output, shown: delivery.DeliveryJson): void {
  const { waitingFor, attemptCount, failureCount } = shown;
  out.fields([
    ["id", shown.id],
    ["state", [shown.state, shown.stateReason].filter(Boolean).join(": ")],
    ["event", `${shown.event}  ${shown.eventType}`],
    ["webhook", shown.webhook],
    ["made by", shown.trigger],
    ["matched by", shown.matchedBy],
    ["connection", shown.connection],
    ["version", shown.version],
    ["attempts", `${attemptCount}, of which ${failureCount} failed`],
    ["next", shortTime(shown.nextAttemptTime)],
    ["waits for", waitingFor?.description],
    ["made", shortTime(shown.createTime)],
  ]);
}

function showEvent(out: Output, { data, dataExpired, previousAttributes }: delivery.Event): void {
  const text = dataExpired ? "(it is older than data is kept)" : Buffer.from(data).toString();
  out.say("", out.style("bold", "data"), plain(text));
  if (previousAttributes.length > 0) {
    out.say(
      "",
      out.style("bold", "previous attributes"),
      plain(Buffer.from(previousAttributes).toString()),
    );
  }
}
