/**
 * Writes the table of claims into a README: what each page says, word for word, and the test that
 * holds it. `gen` runs it.
 *
 * Usage: node --conditions=source test/conformance/harness/write-table.ts <README to write>
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type ConformanceFolder, conformanceFolders } from "./passages.ts";

const start =
  "<!-- Written by test/conformance/harness/write-table.ts from the claims.ts there: `npm run gen`. -->";
const end = "<!-- End of the table of claims. -->";
const quoteLengthMax = 110;
/** What stands in place of a test for what only the portal, which is not there yet, can show. */
const untested = "no test yet; of the portal:";
const root = new URL("../../../", import.meta.url);

const [path] = process.argv.slice(2);
if (path === undefined || path === "--help") {
  console.log("Usage: node --conditions=source test/conformance/harness/write-table.ts <README>");
} else {
  const readme = readFileSync(new URL("README.md", root), "utf8");
  const folders = await conformanceFolders();
  writeFileSync(path, between(readme, folders.map(tableOf).join("\n\n")));
}

function between(readme: string, table: string): string {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from < 0 || to < from) throw new Error("README.md has no place for the table of claims");
  return `${readme.slice(0, from) + start}\n${table}\n${readme.slice(to)}`;
}

function tableOf(folder: ConformanceFolder): string {
  const { title, passages, rulings } = folder.claims;
  const rows = [
    ...passages
      .filter(({ tests, portal }) => tests.length > 0 || portal !== "")
      .map(({ text, tests, portal }) => [
        quoted(text),
        [...tests.map(linked), ...(portal === "" ? [] : [later(portal)])].join("<br>"),
      ]),
    ...rulings.map(({ says, test, isOurs, portal }) => [
      (isOurs ? "**Ours:** " : "*Read so:* ") + cell(says),
      test === "" ? later(portal) : linked(test),
    ]),
  ];
  const lines = rows.map((cells) => `| ${title} | ${cells.join(" | ")} |`);
  const testCount = [...folder.testNames.values()].flat().length;
  const waitingCount = rows.filter(([, test = ""]) => test.includes(untested)).length;
  return [
    `<details><summary><b>${title}</b>: ${rows.length} claims, ${testCount} tests; ${waitingCount} wait for the portal</summary>`,
    "",
    ...placesOf(folder),
    "| page | claim | test |",
    "|---|---|---|",
    ...new Set(lines),
    "",
    "</details>",
  ].join("\n");

  function linked(test: string): string {
    for (const [file, names] of folder.testNames) {
      if (names.includes(test)) return `[${cell(test)}](${file})`;
    }
    throw new Error(`${folder.name} has no test "${test}"`);
  }
}

/** Links to where a reader goes on, those that are there. */
function placesOf({ name }: ConformanceFolder): readonly string[] {
  const places = [
    ["the page", `test/conformance/${name}/page.txt`],
    ["its file", `deploy/providers/${name}.yaml`],
    ["how to host it", `docs/providers/${name}.md`],
  ].filter(([, path = ""]) => existsSync(new URL(path, root)));
  if (places.length === 0) return [];
  return [`${places.map(([text, path]) => `[${text}](${path})`).join(" · ")}`, ""];
}

/** Names what is not there yet. */
function later(portal: string): string {
  return `${untested} ${cell(portal)}`;
}

/** The words of the page, or as many as a cell takes. */
function quoted(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  if (line.length <= quoteLengthMax) return `“${cell(line)}”`;
  return `“${cell(line.slice(0, line.lastIndexOf(" ", quoteLengthMax)))} …”`;
}

function cell(text: string): string {
  return text.replaceAll(/[|<>*_`[\]]/g, (sign) => `\\${sign}`);
}
