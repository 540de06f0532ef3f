// What is not named for a service of ours comes with the messages.
export {
  create,
  type DescMessage,
  type MessageInitShape,
  type MessageJsonType,
  type MessageShape,
} from "@bufbuild/protobuf";
export {
  type Duration,
  type Timestamp,
  timestampDate,
  timestampFromDate,
} from "@bufbuild/protobuf/wkt";
export * as delivery from "./api/delivery.ts";
export * as ingestion from "./api/ingestion.ts";
export * as subscription from "./api/subscription.ts";
export * as type from "./api/type.ts";
export { type ClientOptions, type PosthornClient, posthornClient } from "./client.ts";
export { type FieldProblem, PosthornError, type Reason } from "./error.ts";
export { jsonOf, printJson } from "./print-json.ts";
export { readJson, readJsonList } from "./read-json.ts";
