import fc from "fast-check";
import { expect, it } from "vitest";
import { ring } from "./ring.ts";

it("gives its items in the order in which they came, however they came and went", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer(), { nil: undefined })), (steps) => {
      const queue = ring<number>();
      const model: number[] = [];
      for (const step of steps) {
        expect(queue.peek()).toBe(model[0]);
        if (step === undefined) expect(queue.shift()).toBe(model.shift());
        else {
          queue.push(step);
          model.push(step);
        }
        expect(queue.size).toBe(model.length);
      }
    }),
  );
});
