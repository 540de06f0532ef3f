export { type CompatDeps, type CompatService, compatService } from "./service.ts";
