export { type IngestionConfig, readIngestionConfig } from "./config.ts";
export { type IngestionDeps, type IngestionService, ingestionService } from "./service.ts";
export { deadTopic, type IngestTopic } from "./workers/ingest-source.ts";
