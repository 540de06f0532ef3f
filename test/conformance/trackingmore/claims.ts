import {
  type Claims,
  claim,
  ours,
  portal,
  portalRuling,
  prose,
  ruling,
} from "../harness/passages.ts";

const pushes = "pushes an update to the URL that the user defined";
const json = "sends payloads in JSON, with the latest status and checkpoints";
const section = "a developer's webhooks, and each endpoint's details";

/** The article on TrackingMore's webhooks. */
export const claims: Claims = {
  title: "TrackingMore",
  passages: [
    prose("Articles on: API & Webhook Webhook"),
    prose("How does webhook work? (How the data flows from TrackingMore to users via Webhook?)"),
    claim(
      "Webhooks act as a gateway to receive raw data at a particular destination that you define.",
      pushes,
    ),
    claim(
      "Webhook is used to ask Trackingmore to push back any updates to your system.",
      pushes,
      "pushes every update, also one of a status that was there before",
    ),
    claim(
      "This is used when the store wants to send out notifications by themselves or receive the latest delivery status / checkpoint.",
      json,
    ),
    claim(
      "Users can select when to ask TrackingMore pushes back delivery updates when using webhook.",
      "delivers specific statuses, and no other",
    ),
    portal(
      "This requires you to add a webhook URL in our trackingmore developer system.",
      section,
      "refuses a webhook without URL, naming the field",
    ),
    claim(
      "When completing requesting data, Webhook will respond the data to you through your configured URL.",
      pushes,
    ),
    claim(
      "You can also understand it like this: you share an endpoint with TrackingMore and TrackingMore will be sending you the payloads in JSON format.",
      json,
    ),
    prose(
      "And you write a schema to process that and show it on the track page. (The endpoint is the webhook URL)",
    ),
    prose(
      "📢 What you’ll learn In this tutorial, we’ll discuss: Setup webhook Update webhook/endpoint Test endpoint Disable or delete webhook",
    ),
    prose("Setup webhook"),
    portal("Go to TrackingMore Developer > Webhooks", section),
    claim(
      "Add Webhook URL & description (4 Webhook URLs max).",
      "takes up to four URLs, each with a description",
      "refuses the fifth webhook, with the limit in the message",
    ),
    claim(
      "Select statuses to start receiving updates (all statuses including info received, in transit, out for delivery, failed attempt, delivered, exception, expired, notfound or specific statuses from all statuses)",
      "offers the eight statuses by the page's words, under Statuses",
      "delivers every status to a webhook for all statuses",
      "delivers specific statuses, and no other",
    ),
    prose("Add webhook URL All statuses Specific statuses"),
    prose("Update webhook/endpoint"),
    portal("Go to TrackingMore Developer > Webhooks Click the specific endpoint", section),
    claim(
      "Actions > update details: endpoint URL, description, version, statuses > update endpoint",
      "updates URL, description, version and statuses, for all that happens from then on",
      "refuses a version and a status that there are not, and changes nothing",
    ),
    prose("Go to endpoint details Update details Update endpoint"),
    prose("Test endpoint"),
    portal("Go to TrackingMore Developer > Webhooks Click the specific endpoint", section),
    claim("Actions > test endpoint", "tests an endpoint, in its version, and reports the answer"),
    prose("Go to endpoint details Test endpoint"),
    prose("Disable or delete webhook"),
    portal("Go to TrackingMore Developer > Webhooks Click the specific endpoint", section),
    claim(
      "Actions > disable, actions > delete",
      "sends nothing to a disabled endpoint until it is enabled",
      "deletes an endpoint, to which nothing is sent any more",
    ),
    prose("Go to endpoint details Disable or delete webhook"),
    prose(
      "For more details about Webhook, please refer to this doc: https://www.trackingmore.com/docs/trackingmore/79dpyqt0qaebs-webhook-overview & more sections below:",
    ),
    claim("Webhook secure", "signs by Standard Webhooks, which its package verifies"),
    claim("Retry webhook", "tries again what failed, by Posthorn's schedule or the endpoint's own"),
    claim("Webhook-Specifications", "renders v1 and a v2 that differs, each as its page says"),
    claim("Webhook outgoing IP", "tells the addresses that deliveries come from"),
    prose("Updated on: 31/08/2023 Was this article helpful? Share your feedback Cancel Thank you!"),
  ],
  rulings: [
    ruling(
      "Disabled webhooks count towards the four, deleted ones do not.",
      "counts disabled webhooks towards the four, and deleted ones not",
    ),
    ruling(
      "Ten webhooks created at once leave four.",
      "leaves four of ten webhooks that are created at once",
    ),
    ruling(
      "Every update with a selected status is delivered, a repeated one too.",
      "pushes every update, also one of a status that was there before",
    ),
    ruling("All statuses is an empty list.", "delivers every status to a webhook for all statuses"),
    ruling(
      "A delivery keeps the version that the webhook had when its event was fanned out.",
      "keeps the version of a delivery through retries, while later events have the new one",
    ),
    portalRuling(
      "The details of an endpoint have a menu Actions: Update details, Test endpoint, Disable (or Enable), Delete.",
      "that menu",
    ),
    ours(
      "The signature is that of Standard Webhooks.",
      "signs by Standard Webhooks, which its package verifies",
    ),
    ours(
      "v1 is the default envelope; v2 differs visibly.",
      "renders v1 and a v2 that differs, each as its page says",
    ),
    ours(
      "The schedule of retries is Posthorn's.",
      "tries again what failed, by Posthorn's schedule or the endpoint's own",
    ),
    ours(
      "The four titles that the page only links to are sections of docs/providers/trackingmore.md.",
      "documents the four titles that the page only links to",
    ),
  ],
};
