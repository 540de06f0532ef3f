import { type Claims, claim, fixtureClaim, ours, prose, ruling } from "../harness/passages.ts";

const notifies =
  "notifies of an order that is FULFILLED or FAILED_PERMANENTLY, and of no other status";
const events = "lists the events whose names can be subscribed to";
const creates = "creates a webhook from the page's sample body";
const tests =
  "tests by one event, by no body and by an empty one, and answers with the page's report";
const lists = "lists all webhooks of a workspace, and no other's";
const deletes = "deletes a webhook with 204 and no body";

/** The page on UP42's webhooks. What the copy broke are line breaks and indentation. */
export const claims: Claims = {
  title: "UP42",
  passages: [
    claim(
      "A webhook is a method for sending event notifications from one application to another. When something happens in a source system indicated by an event, the webhook transmits an event notification via HTTPS to a specific URL.",
      notifies,
    ),
    claim(
      "You can set up webhooks to receive notifications for order status updates. You will receive a notification when the order status changes to FULFILLED or FAILED_PERMANENTLY .",
      notifies,
    ),
    claim(
      "To get a list of notification events you can subscribe to, call the Get webhook events endpoint and retrieve selected event names from data.name fields in the response.",
      events,
    ),
    claim(
      "After you’ve selected notification events, create a webhook by calling the Create a webhook endpoint with your workspace ID as the path parameter. Create a request body for the endpoint as follows:",
      creates,
    ),
    claim(
      "- In events , specify the type of notification events.",
      creates,
      "needs events, a name and a URL, and names what is missing",
    ),
    claim("- In name , assign a custom name to your webhook.", creates),
    claim("- In url , specify the URL of the webhook.", creates),
    prose("You can also specify optional parameters:"),
    claim(
      "secret , if a secret is used to generate webhook signatures.",
      "signs with the page's secret",
      "sends no signature for a webhook without a secret",
    ),
    claim(
      "active , if you want to make the webhook active immediately after creation.",
      "notifies at once where active is true",
      "creates a webhook that is off where active is left out",
    ),
    prose("A sample request body: JSON"),
    fixtureClaim("up42/create.json", creates),
    claim(
      "To test the created webhook, call the Test a webhook endpoint with your workspace ID and the selected webhook ID as path parameters. Optionally, you can specify a particular test event in the request body or leave it empty to test for all subscribed events.",
      tests,
    ),
    prose("Check the response body: JSON"),
    fixtureClaim("up42/report.jsonc", tests),
    claim(
      "Determine how many tests have passed or failed by checking the following parameters: data.testsSucceeded : The total number of successful test requests. data.testsFailed : The total number of failed test requests.",
      tests,
      "counts a failing receiver as a failed test, and answers 200",
    ),
    prose("You can retrieve existing webhooks in one of the following ways:"),
    claim(
      "- To get a list of all webhooks, call the Get webhooks endpoint with your workspace ID as the path parameter.",
      lists,
    ),
    claim(
      "- To get a specific webhook, call the Get a webhook endpoint with your workspace ID and the selected webhook ID as path parameters.",
      "gets a webhook by its id",
    ),
    claim(
      "To change any parameters of an existing webhook, call the Update a webhook endpoint with your workspace ID and the selected webhook ID as path parameters.",
      "changes each parameter by PUT, and leaves what the body lacks",
    ),
    claim(
      "To delete a webhook, call the Delete a webhook endpoint with your workspace ID and the selected webhook ID as path parameters. If a webhook is deleted successfully, there will be no response body.",
      deletes,
    ),
  ],
  rulings: [
    ruling("Omitted `active` is false.", "creates a webhook that is off where active is left out"),
    ruling(
      "Without `secret`, absent or null, no signature header is sent.",
      "sends no signature for a webhook without a secret",
    ),
    ruling("The sample's `QWZTFnMEXhqZKNmu` does as a secret.", "signs with the page's secret"),
    ruling(
      "Answers carry the real secret or null.",
      "answers with the real secret, or null, wherever a webhook is shown",
    ),
    ruling(
      "A webhook that was read can be sent back whole by PUT, and stays as it is.",
      "takes a webhook back as it was read, and changes nothing",
    ),
    ruling("PUT merges.", "changes each parameter by PUT, and leaves what the body lacks"),
    ruling(
      "The null of a PUT removes the secret.",
      "takes the secret away by null, and signs no more",
    ),
    ruling("`GET /webhooks/events` answers with `data`, a list of objects with a name.", events),
    ruling("The list of webhooks is an array in `data`, an empty one too.", lists),
    ruling(
      "`{data, error}` is on every answer but the 204, errors too: 401, 404 and 405 included.",
      "has data and error on every answer, 400, 401, 403, 404, 405 and 415 included",
    ),
    ruling("No body or `{}` tests each subscribed event.", tests),
    ruling(
      "A test of an event that is not subscribed is 400.",
      "refuses a test of an event that is not subscribed",
    ),
    ruling(
      "A failing receiver is 200 with `testsFailed`.",
      "counts a failing receiver as a failed test, and answers 200",
    ),
    ruling(
      "Other statuses get 202 and no delivery, with the reason listed.",
      "lists why nobody is notified of another status",
    ),
    ruling(
      "A webhook's own filter only narrows this.",
      "narrows what is sent by a webhook's own filter, and never widens it",
    ),
    ruling("Tests are sent while a webhook is off.", "tests a webhook that is off"),
    ruling(
      "A webhook that is off receives nothing; on, it does again.",
      "creates a webhook that is off where active is left out",
    ),
    ruling(
      "A webhook that Posthorn has disabled is shown as not active; `active` enables it again.",
      "shows a disabled webhook as not active, and enables it by active",
    ),
    ruling(
      "`compat: up42` opens these paths to that provider's keys; for others they are 404.",
      "is not there for keys of another provider",
    ),
    ruling(
      "Another workspace's webhook is not found.",
      "finds no webhook of another workspace on any path",
    ),
    ours(
      "Signatures are hex HMAC-SHA256 of the body in `X-UP42-Signature`, the secret as text.",
      "signs with the page's secret",
    ),
    ours(
      "The default envelope: type, timestamp and data.",
      "sends type, timestamp and data, byte for byte",
    ),
    ours("A test of one event is asked for by `event`.", tests),
    ours(
      "Errors are `{code, message}`, and name UP42's members.",
      "refuses wrong members, naming each by UP42's name",
    ),
    ours(
      "A key without the scope `secrets` is shown no `secret` at all, so that what it reads can be sent back.",
      "leaves the secret out for a key that may not read it",
    ),
    ours("Create is 201, other answers 200.", creates),
  ],
};
