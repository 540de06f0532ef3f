import {
  type Claims,
  claim,
  fixtureClaim,
  ours,
  portal,
  prose,
  ruling,
} from "../harness/passages.ts";

const signed =
  "signs every payload, tests and retries too, by HMAC-SHA256 with the webhook's secret";
const catalog = "has a catalog of 23 events about orders, shipments and inventory, each sent";
const once = "answers the page's creation with a secret, once";
const paused = "sends nothing to a paused webhook, and what comes later once it is active";

/** The page on Tracktile's webhooks. What the copy broke are line breaks and indentation. */
export const claims: Claims = {
  title: "Tracktile",
  passages: [
    prose("Webhooks Webhooks"),
    claim("23 events", catalog),
    claim(
      "Real-time event notifications from Tracktile. Receive instant updates when orders change, shipments move, or inventory shifts.",
      catalog,
      "notifies at once of an event of its own workspace, and of no other's",
    ),
    prose("Quick Start Section titled “Quick Start”"),
    claim("Event Catalog Browse all available webhook events", catalog),
    prose("Security Verify webhook signatures and secure your endpoints"),
    prose("How Webhooks Work Section titled “How Webhooks Work”"),
    claim(
      "- You register a webhook URL in Tracktile",
      "runs the page's curl line that creates a webhook",
    ),
    claim(
      "- Tracktile generates a unique signing secret for your webhook",
      "generates a signing secret of its own for each webhook",
    ),
    claim(
      "- When an event occurs, Tracktile sends a signed HTTP POST to your URL",
      "notifies at once of an event of its own workspace, and of no other's",
      signed,
    ),
    claim("- Your server verifies the signature and processes the event", signed),
    claim("All webhook payloads are signed with HMAC-SHA256.", signed),
    prose(
      "See Webhook Security for verification details. Setting Up Webhooks Section titled “Setting Up Webhooks” Via API Section titled “Via API”",
    ),
    fixtureClaim("tracktile/create.sh", "runs the page's curl line that creates a webhook"),
    claim(
      "The response includes a secret field—save it immediately as it’s only shown once.",
      once,
      "shows a secret in no other answer",
    ),
    claim("You’ll need this secret to verify webhook signatures.", signed),
    prose("Via CLI Section titled “Via CLI”"),
    fixtureClaim(
      "tracktile/register.sh",
      "runs the page's command line that registers a webhook, and prints its secret once",
    ),
    prose("Via the Tracktile App Section titled “Via the Tracktile App”"),
    portal(
      "- Navigate to Admin > Settings > Webhooks - Click Create Webhook - Enter the webhook name, URL, and select the event type",
      "Webhooks under Admin > Settings, and Create Webhook",
      "asks for name, URL and event type, in the page's order, and refuses a webhook without one",
    ),
    prose(
      "Managing Webhooks Section titled “Managing Webhooks” List Webhooks Section titled “List Webhooks”",
    ),
    fixtureClaim("tracktile/list.sh", "runs the page's curl line that lists webhooks"),
    prose("Update a Webhook Section titled “Update a Webhook”"),
    fixtureClaim("tracktile/update.sh", "runs the page's curl line that updates a webhook"),
    prose("Delete a Webhook Section titled “Delete a Webhook”"),
    fixtureClaim("tracktile/delete.sh", "runs the page's curl line that deletes a webhook"),
    prose(
      "Rotate a Webhook Secret Section titled “Rotate a Webhook Secret” If your webhook secret is compromised, rotate it immediately:",
    ),
    fixtureClaim("tracktile/rotate.sh", "runs the page's curl line that rotates a secret"),
    claim(
      "The old secret is immediately invalidated.",
      "signs nothing with the old secret after the answer, retries included",
    ),
    claim(
      "Save the new secret from the response.",
      "runs the page's curl line that rotates a secret",
    ),
    prose("Webhook Payload Structure Section titled “Webhook Payload Structure”"),
    claim(
      "All webhook payloads are sent as JSON with event-specific data:",
      "sends the page's payload",
    ),
    fixtureClaim("tracktile/payload.json", "sends the page's payload"),
    claim(
      "The payload structure varies by event type. See the Event Catalog for details on each event.",
      catalog,
    ),
    prose(
      "Testing Webhooks Section titled “Testing Webhooks” Use the test endpoint to verify your webhook is configured correctly:",
    ),
    fixtureClaim("tracktile/test.sh", "runs the page's curl line that tests a webhook"),
    claim(
      "This sends a test event to your webhook URL.",
      "runs the page's curl line that tests a webhook",
    ),
    prose(
      "Webhook Status Section titled “Webhook Status” Webhooks can have the following statuses: Status Values",
    ),
    claim("active Webhook is enabled and receiving events", paused),
    claim("paused Webhook is disabled and not receiving events", paused),
    prose("Execution History Section titled “Execution History” View recent webhook executions:"),
    fixtureClaim("tracktile/executions.sh", "runs the page's curl line that lists executions"),
    claim(
      "Returns the execution history including HTTP status codes and response details.",
      "runs the page's curl line that lists executions",
    ),
    prose(
      "Event Types Section titled “Event Types” See the Event Catalog for all available event types.",
    ),
  ],
  rulings: [
    ruling(
      "`rotate` and `test` send no body and no Content-Type: both are accepted on every route without a body.",
      "takes rotate and test with no body, an empty object, and any content type beside no body",
    ),
    ruling(
      "`PUT /hooks/{id}` changes only the members present (name, url, on, status).",
      "changes by PUT only what is present",
    ),
    ruling(
      "Unknown members of a PUT, Posthorn's own names among them, are 400.",
      "refuses members of a PUT that are not Tracktile's, naming each, and changes nothing",
    ),
    ruling(
      "Every attempt begun after the answer to a rotation, retries included, in any process, is signed with the new secret only.",
      "signs nothing with the old secret after the answer, retries included",
    ),
    ruling("An overlap of secrets is 400.", "refuses a rotation with an overlap, naming the field"),
    ruling(
      "`on` is exactly one exact event type, whatever way the webhook is made.",
      "takes exactly one exact event type, by /hooks and by /v1",
    ),
    ruling(
      "The payload spreads `data`: it must be an object without `id`, `kind` and `time`; 400 names the member.",
      "refuses data that the payload cannot spread, naming the member",
    ),
    ruling(
      "The page's command works with `posthorn` for `tt`, and prints the secret once.",
      "runs the page's command line that registers a webhook, and prints its secret once",
    ),
    ruling("`transactionId` is part of data.", "sends the page's payload"),
    ruling("`{}` renders valid JSON.", "sends data without members as valid JSON"),
    ruling(
      "A webhook that Posthorn has disabled is shown as `paused`; `active` enables it again.",
      "shows a disabled webhook as paused, and enables it by active",
    ),
    ruling(
      "`/hooks` names no workspace: it takes workspace keys only, and refuses an operator key with 400.",
      "refuses an operator key on every path with 400, saying which key it takes",
    ),
    ruling(
      "`compat: tracktile` opens `/hooks` to that provider's keys; for others it is 404.",
      "is not there for keys of another provider",
    ),
    ruling(
      "Another workspace's webhook is not found.",
      "finds no webhook of another workspace on any path",
    ),
    ours(
      "Create is 201, other answers 200, DELETE 204 without a body.",
      "answers 201, 200, and 204 without a body",
    ),
    ours("Lists are bare JSON arrays, empty ones too.", "lists nothing as an empty array"),
    ours(
      "Executions are newest first, one per attempt, tests included: id, eventId, kind, time, statusCode, response (headers, body), error.",
      "lists executions newest first, one per attempt, tests included",
    ),
    ours(
      "An execution without an answer has status code 0, no response, and the error in words.",
      "lists an execution that nobody answered with its error",
    ),
    ours(
      "Refusals have Posthorn's shape and name Tracktile's members.",
      "refuses in Posthorn's shape with Tracktile's names",
    ),
    ours("The names and members of 22 further events.", catalog),
    ours("Keys begin with `api-`.", "gives keys that begin as the page's do"),
  ],
};
