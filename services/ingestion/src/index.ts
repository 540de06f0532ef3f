export { type IngestionConfig, readIngestionConfig } from "./config.ts";
export { eventTopic } from "./publish/event-log.ts";
export { type IngestionDeps, type IngestionService, ingestionService } from "./service.ts";
export { deadTopic, type IngestTopic } from "./workers/ingest-source.ts";
