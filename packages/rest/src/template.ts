/** One part of a path: a text as it is, any one part, or all that is left. */
export type Segment =
  /** Percent-decoded. */
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "one" }
  | { readonly kind: "rest" };

/** The segments that a field of the request is taken from. */
export interface PathVariable {
  /** The field's path by proto names, such as `["webhook", "id"]`. */
  readonly fieldPath: readonly string[];
  readonly start: number;
  /** The index behind its last segment; with a `**`, everything up to the path's end. */
  readonly end: number;
  /** Whether it stands for exactly one segment, in which `%2F` is decoded too. */
  readonly isSingle: boolean;
}

/** A path template of google.api.http, taken apart. */
export interface PathTemplate {
  readonly source: string;
  readonly segments: readonly Segment[];
  /** The custom verb behind the last `:`, percent-decoded; empty for none. */
  readonly verb: string;
  readonly variables: readonly PathVariable[];
}

/** Percent-decodes one segment of a path; undefined for a malformed encoding. */
export function decodedSegment(source: string): string | undefined {
  if (!source.includes("%")) return source;
  try {
    return decodeURIComponent(source);
  } catch {
    // The caller knows what to say of it.
    return undefined;
  }
}

/**
 * Reads a path template: `"/" Segments [ ":" verb ]`, as the comments of google/api/http.proto
 * have it. Throws, naming the template, when it is malformed.
 */
export function parseTemplate(source: string): PathTemplate {
  const parser = new Parser(source);
  return parser.template();
}

class Parser {
  readonly #source: string;
  readonly #segments: Segment[] = [];
  readonly #variables: PathVariable[] = [];
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  template(): PathTemplate {
    this.#expect("/");
    this.#readSegments(true);
    const verb = this.#take(":") ? this.#literal() : "";
    if (this.#at < this.#source.length) this.#fail("nothing more");
    const rest = this.#segments.findIndex((segment) => segment.kind === "rest");
    if (rest >= 0 && rest < this.#segments.length - 1) this.#fail("** only at the end");
    return { source: this.#source, segments: this.#segments, verb, variables: this.#variables };
  }

  #readSegments(variablesAllowed: boolean): void {
    do {
      if (this.#take("{")) {
        if (!variablesAllowed) this.#fail("no variable within a variable");
        this.#readVariable();
      } else this.#readSegment();
    } while (this.#take("/"));
  }

  #readSegment(): void {
    if (this.#take("**")) this.#segments.push({ kind: "rest" });
    else if (this.#take("*")) this.#segments.push({ kind: "one" });
    else this.#segments.push({ kind: "literal", text: this.#literal() });
  }

  #readVariable(): void {
    const fieldPath = [this.#identifier()];
    while (this.#take(".")) fieldPath.push(this.#identifier());
    const start = this.#segments.length;
    if (this.#take("=")) this.#readSegments(false);
    else this.#segments.push({ kind: "one" });
    this.#expect("}");
    const end = this.#segments.length;
    const isSingle = end - start === 1 && this.#segments[start]?.kind === "one";
    this.#variables.push({ fieldPath, start, end, isSingle });
  }

  /** Decoded, so that every spelling of one text is the same literal. */
  #literal(): string {
    const source = this.#match(/[A-Za-z0-9._~%!$&'()+,;=@-]+/y, "a literal");
    return decodedSegment(source) ?? this.#fail("a well-formed percent-encoding");
  }

  #identifier(): string {
    return this.#match(/[A-Za-z_][A-Za-z0-9_]*/y, "a field name");
  }

  #match(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0] ?? this.#fail(what);
    this.#at += text.length;
    return text;
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) this.#fail(`"${text}"`);
  }

  #fail(expected: string): never {
    throw new Error(`path template ${this.#source}: expected ${expected} at ${this.#at}`);
  }
}
