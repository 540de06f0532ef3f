export * from "@posthorn/proto/posthorn/ingestion/v1/dead_letter_service";
export * from "@posthorn/proto/posthorn/ingestion/v1/event";
export * from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
