import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { heavyTurn } from "./heavy-turn.ts";

type Piece = readonly [name: string, rank: "begun" | "fresh"];

/** Asks for pieces at once, and gives which of them had begun at the end of each turn. */
async function begunAfterTurns(pieces: readonly Piece[]): Promise<string[]> {
  const names: string[] = [];
  const all = pieces.map(([name, rank]) => heavyTurn(rank).then(() => names.push(name)));
  await Promise.resolve();
  const turns = [names.join(" ")];
  while (names.length < pieces.length) {
    await nextTurn();
    turns.push(names.join(" "));
  }
  await Promise.all(all);
  await nextTurn(); // the turn of the last piece ends
  return turns;
}

describe("heavy work", () => {
  it("begins at once when none has begun in this turn of the event loop", async () => {
    expect(await begunAfterTurns([["a", "fresh"]])).toEqual(["a"]);
  });

  it("takes turns: one piece in each, first come, first served", async () => {
    const turns = await begunAfterTurns([
      ["a", "fresh"],
      ["b", "fresh"],
      ["c", "fresh"],
    ]);
    expect(turns).toEqual(["a", "a b", "a b c"]);
  });

  it("goes on with what was begun before it takes on what is fresh", async () => {
    const turns = await begunAfterTurns([
      ["a", "fresh"],
      ["b", "fresh"],
      ["c", "begun"],
      ["d", "begun"],
    ]);
    expect(turns.at(-1)).toBe("a c d b");
  });
});
