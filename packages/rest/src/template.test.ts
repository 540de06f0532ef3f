import { describe, expect, it } from "vitest";
import { parseTemplate } from "./template.ts";

describe("parseTemplate", () => {
  it.each([
    ["/v1/shelves", "v1/shelves", "", []],
    ["/v1/{name}", "v1/*", "", ["name:1-2 single"]],
    ["/v1/{book.name=shelves/*/books/*}", "v1/shelves/*/books/*", "", ["book.name:1-5"]],
    ["/v1/{name=*}:read", "v1/*", "read", ["name:1-2 single"]],
    ["/v1/{name=**}", "v1/**", "", ["name:1-2"]],
    ["/v1/{name=files/**}:read", "v1/files/**", "read", ["name:1-3"]],
    ["/v1/a:batch", "v1/a", "batch", []],
    ["/**", "**", "", []],
    ["/v1/{a}/{b_2.c}", "v1/*/*", "", ["a:1-2 single", "b_2.c:2-3 single"]],
  ])("reads %s", (source, segments, verb, variables) => {
    const template = parseTemplate(source);
    const texts = { one: "*", rest: "**" };
    const read = template.segments.map((it) => (it.kind === "literal" ? it.text : texts[it.kind]));
    expect(read.join("/")).toBe(segments);
    expect(template.verb).toBe(verb);
    expect(
      template.variables.map(({ fieldPath, start, end, isSingle }) => {
        return `${fieldPath.join(".")}:${start}-${end}${isSingle ? " single" : ""}`;
      }),
    ).toEqual(variables);
  });

  it.each([
    "",
    "v1",
    "/",
    "/v1/",
    "//v1",
    "/v1/{",
    "/v1/{}",
    "/v1/{name",
    "/v1/{name=}",
    "/v1/{name={inner}}",
    "/v1/{name=**}/more",
    "/v1/**/more",
    "/v1/{1a}",
    "/v1/{a.}",
    "/v1/a:",
    "/v1/a:b:c",
    "/v1/a:b/c",
    "/v1/a b",
    "/v1/a?b",
    "/v1/***",
  ])("refuses %j", (source) => {
    expect(() => parseTemplate(source)).toThrow(`path template ${source}: `);
  });
});
