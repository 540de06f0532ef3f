import { describe, expect, it } from "vitest";
import { conformanceFolders, readConformance, squeezed } from "./harness/passages.ts";

const folders = await conformanceFolders();
const pages = ["trackelio", "trackingmore", "trackstar", "tracktile", "up42"];
const callsOfIt = /\bit(\.each|\.runIf)?\(/g;

it.each(pages)("%s has all of its page, word for word and in its order", (page) => {
  const claims = folders.find(({ name }) => name === page)?.claims;
  const passages = claims?.passages.map(({ text }) => squeezed(text)).join("");
  expect(passages).toBe(squeezed(readConformance(`${page}/page.txt`)));
});

describe.each(folders)("$name", ({ claims, testNames }) => {
  const named = [...testNames.values()].flat();
  const claimed = [
    ...claims.passages.flatMap(({ tests }) => tests),
    ...claims.rulings.map(({ test }) => test).filter((test) => test !== ""),
  ];

  it("has a test by name for everything that is claimed", () => {
    expect(claimed.filter((test) => !named.includes(test))).toEqual([]);
  });

  it("has no test that nothing claims, and none of a name that is taken", () => {
    expect(named.filter((test) => !claimed.includes(test))).toEqual([]);
    expect(named).toEqual([...new Set(named)]);
  });

  it("names each test where it can be found", () => {
    const sources = [...testNames.keys()].map((path) => readConformance(`../../${path}`));
    const calls = sources.flatMap((source) => [...source.matchAll(callsOfIt)]);
    expect(named).toHaveLength(calls.length);
  });
});
