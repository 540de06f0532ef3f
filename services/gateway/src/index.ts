export { type GatewayConfig, type GatewayProcessConfig, readConfig } from "./config.ts";
export { type Backend, backendOf, publicServices } from "./public-services.ts";
export { type GatewayDeps, gatewayService } from "./service.ts";
