import type { Rule } from "./memory-store.ts";
import { Scene } from "./scene.ts";
import { endTroubles, keepProcesses, makeFairWeather, makeTroubles } from "./troubles.ts";
import type { Tally } from "./witness.ts";
import { type Violation, World } from "./world.ts";

export interface SimulationOptions {
  /** The same seed gives the same course. */
  readonly seed: number;
  /** How many steps trouble goes on before everything gets well and has to come to an end. */
  readonly stepCount: number;
  /** Rules of the store that do not hold, to see that it is found. */
  readonly broken?: readonly Rule[];
}

/** What came of a simulation. */
export interface Report {
  /** Empty when all promises held. */
  readonly violations: readonly Violation[];
  readonly stepCount: number;
  /** How long it took, in the time of the simulated world. */
  readonly simulatedMs: number;
  readonly tally: Tally;
  /** What troubles there were, and how often. */
  readonly troubles: Readonly<Record<string, number>>;
}

/** When all is well, everything must have come to an end within this time. */
const calmMsMax = 15 * 60_000;
/** How long events go on in fair weather, in which nothing may be late. */
const fairMs = 60_000;

/**
 * Runs delivery processes in a simulated world, in which they crash, freeze, lose answers and meet
 * receivers of all kinds; then lets everything get well and come to an end; then looks whether all
 * is in time. Ends at the first promise that broke.
 */
export async function simulate(options: SimulationOptions): Promise<Report> {
  const world = new World(options.seed);
  const scene = new Scene(world, new Set(options.broken));
  keepProcesses(scene);
  const isTroubleOver = () => world.stepCount >= options.stepCount;
  const troubles = makeTroubles(scene, isTroubleOver);
  await runUntil(world, isTroubleOver);
  await comeToAnEnd(scene);
  const fairUntilMs = world.nowMs + fairMs;
  const isFairOver = () => world.nowMs >= fairUntilMs;
  scene.witness.isFair = true;
  makeFairWeather(scene, isFairOver);
  await runUntil(world, isFairOver);
  await comeToAnEnd(scene);
  if (world.violations.length === 0) scene.witness.checkEnd();
  for (const process of scene.running) process.crash();
  const { violations, stepCount, nowMs: simulatedMs } = world;
  return { violations, stepCount, simulatedMs, tally: scene.witness.tally, troubles };
}

async function runUntil(world: World, isOver: () => boolean): Promise<void> {
  while (!isOver() && world.violations.length === 0) await world.step();
}

async function comeToAnEnd(scene: Scene): Promise<void> {
  const { world } = scene;
  const untilMs = world.nowMs + calmMsMax;
  await runUntil(world, () => {
    if (world.stepCount % 100 === 0) endTroubles(scene);
    return hasEnded(scene) || world.nowMs >= untilMs;
  });
}

function hasEnded({ log, tables, running, hooks, receivers }: Scene): boolean {
  if (tables.events.size < log.accepted.size || tables.outbox.length > 0) return false;
  if (running.some(({ isFrozen }) => isFrozen)) return false;
  if (hooks.some(({ state, uuid }) => state !== "ACTIVE" || receivers.moods.get(uuid) !== "well")) {
    return false;
  }
  return [...tables.deliveries.values()].every(({ state }) => state !== "PENDING");
}
