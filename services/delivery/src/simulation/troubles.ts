import { others } from "./network.ts";
import type { Process } from "./process.ts";
import type { Mood } from "./receivers.ts";
import type { Scene } from "./scene.ts";
import type { HookState } from "./webhooks.ts";

const processCount = 3;
const moods: readonly [Mood, ...Mood[]] = [
  "well",
  "well",
  "well",
  "flaky",
  "failing",
  "hanging",
  "limiting",
  "unreachable",
  "gone",
];

/** What users do and what goes wrong: each by itself, again and again, at moments that chance picks. */
const kinds: Readonly<Record<string, { readonly everyMs: number; happen(scene: Scene): void }>> = {
  publish: { everyMs: 300, happen: (scene) => scene.publish() },
  burst: { everyMs: 20_000, happen: burst },
  crash: { everyMs: 25_000, happen: crash },
  stop: { everyMs: 60_000, happen: stop },
  freeze: { everyMs: 20_000, happen: freeze },
  postgresAway: { everyMs: 40_000, happen: (scene) => away(scene, "isPostgresAway") },
  subscriptionAway: { everyMs: 40_000, happen: (scene) => away(scene, "isSubscriptionAway") },
  mood: { everyMs: 3_000, happen: mood },
  state: { everyMs: 8_000, happen: state },
  cancel: { everyMs: 4_000, happen: cancel },
  cancelOpen: { everyMs: 30_000, happen: cancelOpen },
  resend: { everyMs: 4_000, happen: resend },
};

/** Lets troubles happen until `isOver`. Gives how often each did. */
export function makeTroubles(
  scene: Scene,
  isOver: () => boolean,
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [name, { everyMs, happen }] of Object.entries(kinds)) {
    counts[name] = 0;
    const next = () => {
      const delayMs = everyMs * 2 * scene.world.random.next();
      scene.world.after(delayMs, others, () => {
        if (isOver()) return;
        happen(scene);
        counts[name] = (counts[name] ?? 0) + 1;
        next();
      });
    };
    next();
  }
  return counts;
}

/** Lets everything get well; again and again, as what went wrong before may still be told. */
export function endTroubles(scene: Scene): void {
  scene.weather.isPostgresAway = false;
  scene.weather.isSubscriptionAway = false;
  for (const hook of scene.hooks) {
    scene.receivers.moods.set(hook.uuid, "well");
    scene.webhooks.setState(hook, "ACTIVE");
  }
  keepProcesses(scene);
}

/** Lets receivers fail now and then, as they do, while all of ours is well. */
export function makeFairWeather(scene: Scene, isOver: () => boolean): void {
  const next = () => {
    scene.world.after(200 * scene.world.random.next(), others, () => {
      if (isOver()) return;
      scene.publish();
      next();
    });
  };
  next();
}

/** Starts processes until there are as many as there should be. */
export function keepProcesses(scene: Scene): void {
  while (scene.running.length < processCount) scene.startProcess();
}

function burst(scene: Scene): void {
  const count = scene.world.random.between(10, 60);
  for (let made = 0; made < count; made += 1) scene.publish();
}

function anyProcess(scene: Scene): Process | undefined {
  const { running } = scene;
  return running[scene.world.random.between(0, running.length - 1)];
}

function crash(scene: Scene): void {
  const process = anyProcess(scene);
  if (!process) return;
  process.crash();
  const owner = scene.world.random.chance(0.5) ? process.owner : undefined;
  restart(scene, owner);
}

function stop(scene: Scene): void {
  const process = anyProcess(scene);
  if (!process || process.isStopping) return;
  scene.stopProcess(process);
  restart(scene, undefined);
}

function restart(scene: Scene, owner: string | undefined): void {
  scene.world.after(scene.world.random.between(50, 20_000), others, () => {
    if (scene.running.length < processCount + 1) scene.startProcess(owner);
  });
}

/** Shorter and longer than a lease. */
function freeze(scene: Scene): void {
  const { random } = scene.world;
  anyProcess(scene)?.freeze(
    random.chance(0.3) ? random.between(10_000, 40_000) : random.between(50, 9_000),
  );
}

function away(scene: Scene, what: "isPostgresAway" | "isSubscriptionAway"): void {
  const { world, weather } = scene;
  weather[what] = true;
  const durationMs = world.random.chance(0.1)
    ? world.random.between(10_000, 25_000)
    : world.random.between(100, 4_000);
  world.after(durationMs, others, () => {
    weather[what] = false;
  });
}

function mood(scene: Scene): void {
  const { random } = scene.world;
  scene.receivers.moods.set(random.pick(scene.hooks).uuid, random.pick(moods));
}

function state(scene: Scene): void {
  const { random } = scene.world;
  const hook = random.pick(scene.hooks);
  const to: HookState = hook.state === "ACTIVE" ? "PAUSED" : "ACTIVE";
  scene.webhooks.setState(hook, to);
  if (to === "ACTIVE") scene.receivers.moods.set(hook.uuid, "well");
  else
    scene.world.after(random.between(500, 60_000), others, () =>
      scene.webhooks.setState(hook, "ACTIVE"),
    );
}

function cancel(scene: Scene): void {
  const open = [...scene.tables.schedule.values()];
  const waiting = open[scene.world.random.between(0, open.length - 1)];
  if (waiting) scene.cancel(waiting.delivery);
}

function cancelOpen(scene: Scene): void {
  scene.webhooks.cancelOpen(scene.world.random.pick(scene.hooks));
}

function resend(scene: Scene): void {
  const rows = [...scene.tables.deliveries.values()].slice(-200);
  const row = rows[scene.world.random.between(0, rows.length - 1)];
  if (row) scene.resend(row);
}
