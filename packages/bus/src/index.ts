export type {
  Batch,
  Begun,
  Bus,
  ConsumerOptions,
  LogIdentity,
  LogRecord,
  PartitionHandler,
  RetentionOptions,
  StoredRecord,
  TopicSpec,
} from "./bus.ts";
export { type KafkaConfig, readKafkaConfig } from "./config.ts";
export type { KafkaBusOptions, KafkaSasl } from "./kafka/client.ts";
export { kafkaBus } from "./kafka/kafka-bus.ts";
export { type OpenBusOptions, openBus } from "./open-bus.ts";
export { OutOfRangeError } from "./out-of-range.ts";
export { partitionOf } from "./partition.ts";
export type { SegmentLimits } from "./postgres/maintenance.ts";
export { type PostgresBusOptions, postgresBus } from "./postgres/postgres-bus.ts";
export { eventsTopic, outcomesTopic } from "./topics.ts";
