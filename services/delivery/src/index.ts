export { type DeliveryConfig, readDeliveryConfig } from "./config.ts";
export {
  type DeliveryDeps,
  type DeliveryServiceParts,
  deliveryService,
  eventsTopic,
} from "./service.ts";
