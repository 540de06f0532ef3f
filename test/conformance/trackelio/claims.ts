import { type Claims, claim, fixtureClaim, portal, prose, ruling } from "../harness/passages.ts";

const fires = "fires each of the seven events, each with its description word for word";
const logs =
  "logs each attempt with status code, answer and time, and the failures of the delivery";

/** The page on Trackelio's webhooks. What the copy broke are line breaks and indentation. */
export const claims: Claims = {
  title: "Trackelio",
  passages: [
    prose("Webhook Events"),
    claim(
      "Webhooks let you receive real-time HTTP notifications when events occur in your Trackelio workspace.",
      "notifies of an event of its own workspace as it occurs, and of no other's",
    ),
    prose(
      "You can use webhooks to integrate Trackelio with external tools, trigger automations, or sync data with your own systems.",
    ),
    portal(
      "- Open your Trackelio dashboard. - Navigate to Workspaces > Webhooks. - Click Create Webhook. - Provide the following:",
      "the webhooks of a workspace, and Create Webhook",
      "asks for URL, events and active, in that order and by the page's words",
    ),
    claim(
      "- URL — The endpoint where Trackelio will send POST requests.",
      "sends POST requests to the URL",
    ),
    claim(
      "- Events — Select which events should trigger a delivery.",
      "delivers the events that were selected, and no other",
      "refuses a webhook without URL, or without a word about events, naming the field",
    ),
    claim(
      "- Active/Inactive — Toggle whether the webhook is currently active.",
      "is toggled: an inactive webhook gets nothing, an active one does",
    ),
    claim("- Save the webhook.", "saves the webhook, which is there when it is read again"),
    claim(
      "A secret is automatically generated when you create the webhook.",
      "generates a secret for each webhook",
    ),
    claim(
      "This secret is used for signature verification (see below). Store it securely — you will need it to validate incoming requests.",
      "shows the secret in the answer to creation, and never again",
    ),
    prose("Events Section titled “Events”| Event | Description | |---|---|"),
    claim(
      "post.created | Fired when a new post is submitted from any source (widget, public board, or dashboard). |",
      fires,
    ),
    claim("post.status_changed | Fired when a post’s status is updated. |", fires),
    claim("post.assigned | Fired when a post is assigned to a team member. |", fires),
    claim("comment.created | Fired when a comment is added to a post. |", fires),
    claim("nps.submitted | Fired when an NPS response is collected. |", fires),
    claim("csat.submitted | Fired when a CSAT response is collected. |", fires),
    claim("conversation.completed | Fired when a messenger conversation is resolved. |", fires),
    prose("Delivery Section titled “Delivery”"),
    claim(
      "When a subscribed event occurs, Trackelio sends an HTTP POST request to your webhook URL with a JSON payload describing the event.",
      "describes the event in a JSON payload of type, timestamp and data, byte for byte",
    ),
    claim("Each delivery is logged and includes:", logs),
    claim("- Status code — The HTTP response code returned by your server.", logs),
    claim(
      "- Response body — The response body returned by your server (truncated if large).",
      "keeps 16 KiB of a large answer, and says that there was more",
    ),
    claim("- Timestamp — When the delivery was sent.", logs),
    claim(
      "- Failure count — If delivery fails (non-2xx response or timeout), the failure count is incremented and tracked.",
      "counts every answer but 2xx, and every timeout, as a failure",
    ),
    portal(
      "You can view the delivery history for each webhook from the webhook detail page in your dashboard.",
      "the delivery history on the webhook's page",
      "lists the deliveries of one webhook, newest first",
    ),
    prose("Signature verification Section titled “Signature verification”"),
    claim(
      "Every webhook delivery includes a signature header that you should verify to confirm the request originated from Trackelio and was not tampered with.",
      "signs every delivery: first attempts, retries, resends and tests",
    ),
    prose("Header Section titled “Header”"),
    claim(
      "X-Trackelio-Signature: <signature>",
      "has one header X-Trackelio-Signature of 64 lower-case hex digits, without a prefix",
    ),
    prose("Verification process Section titled “Verification process”"),
    claim(
      "- Read the raw request body as a string (do not parse it first). - Compute an HMAC-SHA256 digest of the raw body using your webhook secret as the key. - Compare the computed digest against the value in the X-Trackelio-Signature header.",
      "signs by HMAC-SHA256 of the raw body, with the whole text of the secret as the key",
    ),
    prose("Node.js example Section titled “Node.js example”"),
    fixtureClaim(
      "trackelio/verify-signature.cjs",
      "the page's Node handler takes our deliveries and answers 401 to a changed body",
    ),
    prose("Python example Section titled “Python example”"),
    fixtureClaim(
      "trackelio/verify_signature.py",
      "the page's Python function takes our deliveries and refuses a changed body",
    ),
    prose("Best practices Section titled “Best practices”"),
    prose(
      "- Respond quickly — Return a 2xx status code as soon as possible. Perform heavy processing asynchronously after acknowledging receipt.",
    ),
    prose(
      "- Verify signatures — Always validate the X-Trackelio-Signature header to ensure the request is authentic. Use a constant-time comparison function to prevent timing attacks.",
    ),
    claim(
      "- Handle duplicates — In rare cases, the same event may be delivered more than once. Design your handler to be idempotent.",
      "marks an event that is delivered more than once by one id",
    ),
    portal(
      "- Monitor failures — Check the delivery logs in your dashboard periodically to catch and resolve delivery failures.",
      "failed deliveries, and Resend",
      "finds failed deliveries, and sends them again",
    ),
  ],
  rulings: [
    ruling(
      "A rotation cannot sign with two secrets, so the old one ends with the answer.",
      "rotates at once: after the answer nothing is signed with the old secret, retries included",
    ),
    ruling(
      "An overlap of old and new secret is refused.",
      "refuses a rotation with an overlap, naming the field",
    ),
    ruling(
      "The failure count is of the delivery: failed attempts, never reset.",
      "keeps the failure count beside the attempt count, also after a success",
    ),
  ],
};
