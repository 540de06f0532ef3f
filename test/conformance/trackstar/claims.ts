import {
  type Claims,
  claim,
  fixtureClaim,
  ours,
  portal,
  portalRuling,
  prose,
  ruling,
} from "../harness/passages.ts";

const paths = "joins the way to a nested value by dots, with integers for places in arrays";

/** The page on Trackstar's webhooks. */
export const claims: Claims = {
  title: "Trackstar",
  passages: [
    claim(
      "Use Trackstar webhooks to be notified every time a certain event occurs.",
      "notifies a webhook each time one of its events occurs, and of no other",
    ),
    portal(
      "Webhooks can be configured within the Trackstar Dashboard.",
      "a customer's webhooks, to create and change",
    ),
    claim(
      "Note: Webhooks are not sent when Trackstar is first syncing a connection.",
      "sends nothing while the first sync of a connection runs, but what tells of the connection",
    ),
    claim(
      "Webhooks are only sent for events that occur after the initial sync is complete.",
      "sends what occurs once the first sync is complete",
      "goes by when an event occurred, not by when it is published",
    ),
    prose("For more information on how initial syncs work, see the Syncing Data guide."),
    prose("Event types"),
    claim(
      `bill.created bill.updated connection.created connection.deleted
      connection.historical-sync-completed connection-error.created connection-error.deleted
      connection-error.updated inbound-shipment.created inbound-shipment.updated
      inbound-shipment.receipt.created inventory.created inventory.updated order.created
      order.updated order.shipment.created product.created product.updated return.created
      return.updated shipping_method.created shipping_method.updated warehouse.created
      warehouse.updated warehouse-location.created warehouse-location.updated`,
      "has the 26 types of the page's list, by their names as they stand",
      "delivers an event of each of the 26 types",
    ),
    claim(
      "Webhooks will point to a specific URL that you must set up. This URL must accept POST requests with the Content-Type set to application/json.",
      "POSTs to the URL with the Content-Type application/json",
      "refuses a webhook without a URL, naming the field",
    ),
    prose("Webhook Message Schema FieldTypeDescription"),
    claim(
      "connection_idstringThe ID of the connection from which the event occurred.",
      "tells of which connection and integration the event is, and its type",
    ),
    claim(
      "dataobjectThe created or updated object.",
      "has the object in data, byte for byte as it was published",
    ),
    claim(
      "event_typestringThe type of event that occurred. See above for the list of types.",
      "tells of which connection and integration the event is, and its type",
    ),
    claim(
      "integration_namestringThe name of the integration from which the event occurred.",
      "tells of which connection and integration the event is, and its type",
    ),
    claim(
      "previous_attributesobjectOnly present on updated events.",
      "has previous_attributes in each of the updated events, and in no other",
    ),
    claim(
      "The previous values of the fields that were updated.",
      "works the previous values out of the object as it was before",
    ),
    claim(
      'If the change occurs within a nested field, we will represent that change via a "." joined string where integers represent the index of the array, and strings represent object keys.',
      paths,
    ),
    portal(
      "You can find each event’s full schema by navigating to the Trackstar Dashboard and pressing the “Event Catalog” tab.",
      "the tab Event Catalog",
      "publishes for each type a schema that its example meets, and refuses what does not",
    ),
    prose("Sample Webhook Message"),
    fixtureClaim(
      "trackstar/sample-message.txt",
      "sends the page's sample, member by member and in its order",
    ),
    claim(
      "Note: In the example above, status changed from “open” to “received” and the received_quantity of the second line item changed from 1 to 2. line_items.1.received_quantity is referring to data.line_items[1].received_quantity",
      "works the sample's previous_attributes out of those two changes",
    ),
    prose("Verifying Webhook Signatures"),
    claim(
      "Trackstar uses SVIX as its webhook provider. Information on how to verify the webhook signature can be found in the SVIX documentation.",
      "is verified by the package svix, which refuses a changed body and another secret",
    ),
  ],
  rulings: [
    ruling(
      "The list of types wins over the sample's inbound_shipment.updated, which is an unknown type.",
      "knows no type by the name in the sample, and none that is spelt another way",
    ),
    ruling(
      "The sample has five commas too many and another name of its type; nothing else of it is mended.",
      "sends the page's sample, member by member and in its order",
    ),
    ruling(
      "What was suppressed in the first sync stays so: no replay brings it back.",
      "brings nothing of the first sync back by a replay",
    ),
    ruling("A later sync silences nothing.", "goes on sending during a later sync"),
    ruling(
      "Posthorn itself publishes connection.created, connection.deleted and connection.historical-sync-completed.",
      "publishes the three events of a connection's life itself, once each",
    ),
    ruling(
      "Every event names a connection that is there.",
      "refuses an event without a connection, and of one that is unknown, another's or deleted",
    ),
    ruling(
      "connection.deleted still has both fields of the connection.",
      "publishes the three events of a connection's life itself, once each",
    ),
    ruling(
      "An updated event brings its data from before, or its previous attributes: one of them.",
      "refuses an updated event with neither or both of previousData and previousAttributes",
    ),
    ruling(
      "Other events bring neither.",
      "refuses previous values on other events, and previousData that is no object",
    ),
    ruling("No change gives {}.", "gives {} where nothing has changed"),
    ruling("Old values keep their exact bytes.", "keeps the exact bytes of old values"),
    ruling(
      "Added members give null, removed ones their old value, values of another type their whole old value; where a key has a dot, the whole old value of its parent.",
      paths,
    ),
    ours(
      "A test's message has all of its members: a connection that does not exist, the integration “example”, and {} as previous attributes of an updated event.",
      "has all of its members in a test, and in the test when it is sent again",
    ),
    portalRuling(
      "The tab Event Catalog shows schema and example of the whole rendered message.",
      "the tab Event Catalog",
    ),
  ],
};
