import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { restRoutes } from "@posthorn/rest";
import { Ajv2020 } from "ajv/dist/2020.js";
import ajvFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { openapiText } from "./openapi.ts";
import { publicServices } from "./public-services.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

describe("openapi.json", () => {
  it("is what gen writes from the protos", async () => {
    const { stdout } = await promisify(execFile)(
      path("../node_modules/.bin/buf"),
      ["build", path("../../../proto"), "-o", "-"],
      { encoding: "buffer", maxBuffer: 64 * 1_024 * 1_024 },
    );
    expect(await readFile(path("../openapi.json"), "utf8")).toBe(openapiText(stdout));
  });

  it("has every route of the public services, and describes each", async () => {
    const { paths } = JSON.parse(await readFile(path("../openapi.json"), "utf8"));
    const operations = Object.values<Record<string, { operationId: string; summary?: string }>>(
      paths,
    ).flatMap((item) => Object.values(item));
    const { routes } = restRoutes(publicServices);
    expect(operations).toHaveLength(routes.length + 1);
    expect(operations.filter(({ summary = "" }) => summary === "")).toEqual([]);
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it("refers to nothing that it has not", async () => {
    const text = await readFile(path("../openapi.json"), "utf8");
    const { components } = JSON.parse(text);
    const refs = [...text.matchAll(/"#\/components\/(schemas|responses)\/([^"]+)"/g)];
    const missing = refs.filter(
      ([, kind = "", name = ""]) => !Object.hasOwn(components[kind], name),
    );
    expect(missing.map(([ref]) => ref)).toEqual([]);
  });

  it("has examples that its own schemas allow", async () => {
    const document = JSON.parse(await readFile(path("../openapi.json"), "utf8"));
    const ajv = new Ajv2020({ strict: false, logger: false });
    ajvFormats.default(ajv);
    ajv.addSchema(document, "api");
    const problems = examplesIn(document, []).flatMap(({ at, schema, example }) => {
      const validate = ajv.compile(absolute(schema));
      return validate(example) ? [] : [`${at}: ${ajv.errorsText(validate.errors)}`];
    });
    expect(problems).toEqual([]);
  });

  it("has an example of every answer and every body of JSON", async () => {
    const document = JSON.parse(await readFile(path("../openapi.json"), "utf8"));
    const bodies = Object.entries<Record<string, Operation>>(document.paths).flatMap(([at, item]) =>
      Object.entries(item).map(([method, { requestBody }]) => ({
        at: `${method} ${at}`,
        content: requestBody?.content["application/json"],
      })),
    );
    const without = bodies.filter(({ content }) => {
      return content !== undefined && content.example === undefined && hasFields(content.schema);
    });
    expect(without.map(({ at }) => at)).toEqual([]);
  });
});

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
}

interface Content {
  readonly schema: { readonly required?: readonly string[] };
  readonly example?: unknown;
}

function hasFields({ required = [] }: Content["schema"]): boolean {
  return required.length > 0;
}

interface Example {
  readonly at: string;
  readonly schema: object;
  readonly example: unknown;
}

/** Every example of a document, beside its schema. */
function examplesIn(node: unknown, path: readonly string[]): Example[] {
  if (typeof node !== "object" || node === null) return [];
  const { schema, example, examples, type } = node as Record<string, unknown>;
  const at = path.join(" ");
  const beside = schema === undefined || example === undefined ? [] : [{ at, schema, example }];
  const within = Array.isArray(examples) && type !== undefined ? examples : [];
  return [
    ...(beside as Example[]),
    ...within.map((it) => ({ at, schema: node, example: it })),
    ...Object.entries(node).flatMap(([key, value]) => {
      return key === "example" || key === "examples" ? [] : examplesIn(value, [...path, key]);
    }),
  ];
}

/** A schema whose references work outside the document. */
function absolute(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
}
