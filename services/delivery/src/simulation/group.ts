import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** A member that has not been heard of for so long is taken to be gone. */
const sessionMs = 10_000;

/**
 * The group of the log's consumers: spreads the partitions over the members that it believes to be
 * there. Who was given a partition may hear of it before its former reader hears that it lost it.
 */
export class Group {
  readonly #world: World;
  readonly #partitionCount: number;
  readonly #members = new Map<Process, { heardMs: number }>();
  #spread = "";
  #generation = 0;

  constructor(world: World, partitionCount: number) {
    this.#world = world;
    this.#partitionCount = partitionCount;
  }

  join(process: Process): void {
    this.#members.set(process, { heardMs: this.#world.nowMs });
    this.look();
  }

  leave(process: Process): void {
    this.#members.delete(process);
    this.look();
  }

  /** Hears of members that are alive, and spreads the partitions anew when that changes anything. */
  look(): void {
    const { nowMs } = this.#world;
    for (const [process, member] of this.#members) {
      if (!process.actor.isDead && !process.isFrozen) member.heardMs = nowMs;
    }
    const there = [...this.#members].filter(([, { heardMs }]) => nowMs - heardMs < sessionMs);
    const names = there.map(([{ actor }]) => actor.name).join(" ");
    if (names === this.#spread) return;
    this.#spread = names;
    this.#generation += 1;
    for (const [index, [process]] of there.entries())
      this.#tell(process, { index, of: there.length });
    for (const process of this.#members.keys()) {
      if (!there.some(([other]) => other === process)) this.#tell(process, { index: -1, of: 1 });
    }
  }

  #tell(process: Process, { index, of }: { index: number; of: number }): void {
    const all = Array.from({ length: this.#partitionCount }, (_, partition) => partition);
    const own = new Set(all.filter((partition) => partition % of === index));
    const generation = this.#generation;
    this.#world.after(this.#world.random.between(1, 3_000), process.actor, () => {
      if (!process.isStopping && generation === this.#generation) process.consumer.assign(own);
    });
  }
}
