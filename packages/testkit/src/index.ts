export { type Cuttable, cuttable } from "./cuttable.ts";
export { eventually } from "./eventually.ts";
export { freePort } from "./free-port.ts";
export { type KafkaBroker, kafkaBroker } from "./kafka/broker.ts";
export { canRunKafkaBroker, kafkaBrokers } from "./kafka/brokers.ts";
export {
  type Answer,
  type ReceivedRequest,
  type Receiver,
  receiver,
  type ScriptedAnswer,
} from "./receiver.ts";
export { type TestDatabase, type TestDatabaseOptions, testDatabase } from "./test-database.ts";
