import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const here = new URL(".", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, here), "utf8");

/** The sources of tests by the name of their file, without its endings. */
function sources(): Map<string, string> {
  const places = ["", "../"].flatMap((folder) => {
    return readdirSync(new URL(folder, here)).map((name) => ({ folder, name }));
  });
  const tests = places.filter(({ name }) => name.endsWith(".test.ts"));
  return new Map(
    tests.map(({ folder, name }) => [name.replace(".test.ts", ""), read(folder + name)]),
  );
}

it("SPECIFICATION.md names tests that are there, for every rule but what is passed over", () => {
  const rows = read("../../SPECIFICATION.md")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| rule "))
    .map((line) => line.split(" | ").map((cell) => cell.replace(/^\| | \|$/g, "").trim()));
  const known = sources();
  const missing = rows.filter(([, ours = "", , , test = ""]) => {
    const [file = "", ...title] = test.split(": ");
    const isThere = known.get(file)?.includes(`"${title.join(": ")}"`) ?? false;
    return !isThere && ours !== "passed over";
  });
  expect(missing).toEqual([]);
  expect(rows.length).toBeGreaterThan(50);
});
