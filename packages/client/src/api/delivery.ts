export * from "@posthorn/proto/posthorn/delivery/v1/delivery";
export * from "@posthorn/proto/posthorn/delivery/v1/delivery_service";
export * from "@posthorn/proto/posthorn/delivery/v1/event_service";
export * from "@posthorn/proto/posthorn/delivery/v1/replay";
export * from "@posthorn/proto/posthorn/delivery/v1/replay_service";
export * from "@posthorn/proto/posthorn/delivery/v1/stats_service";
export * from "@posthorn/proto/posthorn/delivery/v1/system_service";
export * from "@posthorn/proto/posthorn/delivery/v1/webhook_test_service";
