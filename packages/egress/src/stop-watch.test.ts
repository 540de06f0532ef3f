import { expect, test } from "vitest";
import { stopWatch } from "./stop-watch.ts";

test("gives up, upon its signal, whoever is still watched, in whatever order others left", () => {
  const { watch, forget } = stopWatch();
  const stop = new AbortController();
  const givenUp: string[] = [];
  const named = (name: string) => ({ giveUp: () => void givenUp.push(name), place: 0 });
  const [a, b, c, d] = [named("a"), named("b"), named("c"), named("d")];
  for (const one of [a, b, c, d]) watch(stop.signal, one);
  watch(new AbortController().signal, named("e"));
  forget(stop.signal, b);
  forget(stop.signal, b);
  forget(stop.signal, d);
  stop.abort();
  expect(givenUp.sort()).toEqual(["a", "c"]);
});
