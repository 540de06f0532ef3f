import { globSync, readFileSync } from "node:fs";

const home = new URL("..", import.meta.url);

/** A stretch of a page, and how Posthorn keeps what it claims. */
export interface Passage {
  /** Word for word, but for white space. */
  readonly text: string;
  /** The names of the tests that hold what it claims. */
  readonly tests: readonly string[];
  /** What of it only the portal can show; empty for nothing. */
  readonly portal: string;
}

/** What a page leaves open, and how Posthorn reads it. */
export interface Ruling {
  readonly says: string;
  /** The name of its test; empty for what only the portal can show. */
  readonly test: string;
  /** What the portal is to show; empty where there is a test. */
  readonly portal: string;
  /** Whether no page says it: Posthorn's own choice. */
  readonly isOurs: boolean;
}

/** All that one system promises to its customers. Its folder's `claims.ts` exports it as `claims`. */
export interface Claims {
  /** The system's name, as people write it. */
  readonly title: string;
  /** The whole page from top to bottom. None where there is no page. */
  readonly passages: readonly Passage[];
  readonly rulings: readonly Ruling[];
}

/** The claims of a folder, with what its tests are. */
export interface ConformanceFolder {
  readonly name: string;
  readonly claims: Claims;
  /** By the path from the root of the repository, the names of its tests. */
  readonly testNames: ReadonlyMap<string, readonly string[]>;
}

/** A passage that promises something: each named test fails when that is not kept. */
export function claim(text: string, ...tests: readonly string[]): Passage {
  return { text, tests, portal: "" };
}

/** The same, of a fixture: text that lies in a file of its own, as the tests run it. */
export function fixtureClaim(place: string, ...tests: readonly string[]): Passage {
  return claim(readConformance(place), ...tests);
}

/** A passage about the screens of the system's own dashboard: the portal's. */
export function portal(text: string, what: string, ...tests: readonly string[]): Passage {
  return { text, tests, portal: what };
}

/** A passage that promises nothing: a heading, a link, advice to the one who reads. */
export function prose(text: string): Passage {
  return { text, tests: [], portal: "" };
}

/** A ruling whose test has that name. */
export function ruling(says: string, test: string): Ruling {
  return { says, test, portal: "", isOurs: false };
}

/** The same, where no page says anything of the kind. */
export function ours(says: string, test: string): Ruling {
  return { says, test, portal: "", isOurs: true };
}

/** A ruling about the portal. */
export function portalRuling(says: string, portal: string): Ruling {
  return { says, test: "", portal, isOurs: false };
}

/** Reads a file of test/conformance, such as `trackstar/page.txt`. */
export function readConformance(place: string): string {
  return readFileSync(new URL(place, home), "utf8");
}

/** Gives a text without its white space. */
export function squeezed(text: string): string {
  return text.replaceAll(/\s/g, "");
}

/** Gives every folder that has claims, by name. */
export async function conformanceFolders(): Promise<readonly ConformanceFolder[]> {
  const found = globSync("*/claims.ts", { cwd: home.pathname }).map((path) => path.split("/")[0]);
  return await Promise.all(found.sort().map((name = "") => folder(name)));
}

async function folder(name: string): Promise<ConformanceFolder> {
  const { claims } = (await import(new URL(`${name}/claims.ts`, home).href)) as { claims: Claims };
  const paths = globSync(`${name}/*.test.ts`, { cwd: home.pathname }).sort();
  const testNames = paths.map(
    (path) => [`test/conformance/${path}`, namesIn(readConformance(path))] as const,
  );
  return { name, claims, testNames: new Map(testNames) };
}

/** Finds `it("...")` and the name that follows the table of an `it.each` or the condition of an `it.runIf`. */
function namesIn(source: string): readonly string[] {
  const calls = source.matchAll(
    /\bit(?:\.(?:each|runIf)\((?:[^()]|\([^()]*\))*\))?\(\s*"((?:[^"\\]|\\.)*)"/g,
  );
  return [...calls].map(([, name = ""]) => JSON.parse(`"${name}"`));
}
