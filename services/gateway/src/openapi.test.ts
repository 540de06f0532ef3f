import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { restRoutes } from "@posthorn/rest";
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
    const names = [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(names.filter((name) => !Object.hasOwn(components.schemas, name ?? ""))).toEqual([]);
  });
});
