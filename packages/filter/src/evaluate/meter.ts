/** Thrown when an evaluation has used up its steps; nothing in a filter can hide it. */
export class OutOfSteps extends Error {
  override readonly name = "OutOfSteps";
}

const outOfSteps = new OutOfSteps("the filter takes too many steps");

/** Counts the steps of evaluations, one after another. */
export class Meter {
  #left = 0;

  /** Begins an evaluation that may take so many steps. */
  start(stepsMax: number): void {
    this.#left = stepsMax;
  }

  /** Takes steps. Throws `OutOfSteps` when there are not enough left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw outOfSteps;
  }
}
