import { Level } from "@posthorn/proto/posthorn/type/v1/options";
import type { Principal } from "./principal.ts";

const names: ReadonlyMap<Level, Principal["level"]> = new Map([
  [Level.ADMIN, "admin"],
  [Level.OPERATOR, "operator"],
  [Level.WORKSPACE, "workspace"],
  [Level.SERVICE, "service"],
]);

/** Gives the name of a level; undefined when it is not set or not known. */
export function levelName(level: Level): Principal["level"] | undefined {
  return names.get(level);
}
