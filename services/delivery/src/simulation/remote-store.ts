import type { DeliveryStore } from "../store/delivery-store.ts";
import type { Statements } from "./memory-store.ts";
import { request, type Weather } from "./network.ts";
import type { Actor, World } from "./world.ts";

/** Gives the statements as a process reaches them: over a network. */
export function remoteStore(
  deps: { world: World; weather: Weather; actor: Actor },
  statements: Statements,
): DeliveryStore {
  const isAway = () => deps.weather.isPostgresAway;
  const bound = Object.entries(statements).map(([name, statement]) => [
    name,
    (...args: unknown[]) =>
      request(deps, {
        isAway,
        carryOut: () => (statement as (...all: unknown[]) => unknown)(...args),
      }),
  ]);
  return Object.fromEntries(bound) as DeliveryStore; // by the same names
}
