import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { expect, it, test } from "vitest";
import { DeliverySchema, EventSchema, ListEventsResponseSchema } from "./api/delivery.ts";
import { EventSchema as PublishedEventSchema } from "./api/ingestion.ts";
import { PosthornError } from "./error.ts";
import { printJson } from "./print-json.ts";
import { readJson } from "./read-json.ts";

const data = '{"b": 1.000, "a":12345678901234567890123, "é":"\\u00e9"}';

it("keeps data byte by byte, in and out", () => {
  const event = readJson(PublishedEventSchema, `{"type":"a.b", "data" : ${data} }`);
  expect(Buffer.from(event.data).toString()).toBe(data);
  expect(printJson(PublishedEventSchema, event)).toBe(`{"type":"a.b","data":${data}}`);
});

it("keeps data in lists and in messages of messages", () => {
  const event = {
    id: "evt_1",
    data: Buffer.from(data),
    acceptTime: timestampFromDate(new Date(0)),
  };
  const page = create(ListEventsResponseSchema, { events: [event, { id: "evt_2" }] });
  expect(printJson(ListEventsResponseSchema, page)).toBe(
    `{"events":[{"id":"evt_1","data":${data},"acceptTime":"1970-01-01T00:00:00Z","skippedCount":0,"dataExpired":false},{"id":"evt_2","skippedCount":0,"dataExpired":false}],"nextPageToken":""}`,
  );
});

it("shows numbers that are 0 and leaves out what is empty", () => {
  expect(JSON.parse(printJson(DeliverySchema, create(DeliverySchema, { id: "dlv_1" })))).toEqual({
    id: "dlv_1",
    attemptCount: 0,
    failureCount: 0,
  });
});

it("writes data that looks like a mark of its own as it is", () => {
  const event = create(EventSchema, { id: '"x 0"', data: Buffer.from('"$1 $& \\" x 0"') });
  expect(JSON.parse(printJson(EventSchema, event))).toMatchObject({ data: '$1 $& " x 0' });
});

test.each([
  ['{"type":"a.b",}', "not JSON at column 15"],
  ['{"type":"a.b"', "the text ends too early at column 14"],
  ['{\n  "type": "a.b"\n  "data": 1\n}', "not JSON at line 3, column 3"],
  ['{"typ":"a.b"}', 'key "typ" is unknown'],
  ['{"type":7}', "type: expected"],
  ["[]", "it must be an object"],
])("refuses %j in words", (text, words) => {
  const refusal = () => readJson(PublishedEventSchema, text);
  expect(refusal).toThrow(PosthornError);
  expect(refusal).toThrow(words);
});
