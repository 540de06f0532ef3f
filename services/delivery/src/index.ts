export { type DeliveryConfig, readDeliveryConfig } from "./config.ts";
export { type DeliveryDeps, type DeliveryServiceParts, deliveryService } from "./service.ts";
