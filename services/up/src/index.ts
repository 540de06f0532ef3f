export { readUpConfig, type UpConfig } from "./config.ts";
export { Refusal } from "./refusal.ts";
export { type Output, type Terminal, terminal } from "./terminal.ts";
export { type UpDeps, up } from "./up.ts";
