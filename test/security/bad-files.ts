import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";
import { expectRefused, send, type Workspace, workspaceOf } from "./scene.ts";

/** Nine levels of nine references each: 387 million lines when they are followed. */
const laughs = [
  "a0: &a0 [x,x,x,x,x,x,x,x,x]",
  ...Array.from({ length: 9 }, (_, index) => {
    const references = Array.from({ length: 9 }, () => `*a${index}`).join(",");
    return `a${index + 1}: &a${index + 1} [${references}]`;
  }),
  "name: laughs",
].join("\n");

const types = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `t${index}` }));
const nested = `name: deep\nx: ${"[".repeat(10_000)}${"]".repeat(10_000)}`;

/** Provider files that must not be applied; with what the answer has to name. */
const files: [row: string, file: unknown, field?: string][] = [
  ["B02 a truncated file", '{"name":"x"'],
  [
    "B06 a raw byte FF",
    Buffer.concat([Buffer.from("name: x\ndisplayName: "), Buffer.from([0xff])]),
  ],
  ["B11 a key twice", "name: x\nname: y"],
  ["B13 __proto__", '{"name":"x","__proto__":{"displayName":"x"}}'],
  ["B19 10,000 levels", nested],
  ["B19 references upon references", laughs],
  ["B19 a tag that makes code", "name: !!js/function 'function(){}'"],
  [
    "B28 an unknown name in an enum",
    { name: "x", unknownEventTypes: "MAYBE" },
    "unknownEventTypes",
  ],
  ["B35 a bad type", { name: "x", eventTypes: [{ name: "a b" }] }, "eventTypes[0].name"],
  ["B52 a hostile name", { name: "' OR 1=1--" }, "name"],
  ["B58 a revision", { name: "x", revision: 7 }, "revision"],
  ["B77 10,001 event types", { name: "x", eventTypes: types(10_001) }, "eventTypes"],
  ["U+0000", { name: "x", displayName: "a\u0000" }, "displayName"],
  ["an unknown field", { name: "x", surprise: 1 }, "surprise"],
  ["no name", { displayName: "x" }, "name"],
  ["a type twice", { name: "x", eventTypes: [{ name: "a" }, { name: "a" }] }],
  ["a schema that is none", { name: "x", eventTypes: [{ name: "a", schema: { type: 7 } }] }],
  ["a list", "- name: x"],
  ["nothing", ""],
];

/** What an administrator may get wrong. */
export function badFilesTable(start: () => Posthorn & { readonly dataDir: string }): void {
  describe("a provider file", () => {
    let posthorn: Posthorn;
    let at: Workspace;
    let key: string;
    beforeAll(async () => {
      posthorn = start();
      key = readFileSync(join(start().dataDir, "admin-key"), "utf8").trim();
      at = await workspaceOf(posthorn);
    });

    it.each(files)("%s is refused and applies nothing", async (_, body, field?: string) => {
      const providers = () => send(posthorn, "GET", "/v1/providers?pageSize=250", { key });
      const before = await providers();
      const headers = { "content-type": "application/yaml" };
      const answer = await at.leavesNothing(() =>
        send(posthorn, "POST", "/v1/providers:apply", { body, key, headers }),
      );
      expectRefused(answer, { status: 400, reason: "INVALID", ...(field && { field }) });
      expect(answer.text.length).toBeLessThan(16_384);
      expect((await providers()).body).toEqual(before.body);
    });
  });

  describe("an API key", () => {
    const scopes = ["webhooks"];
    it.each([
      ["of an unknown scope", { workspace: "acme", scopes: ["all"] }, "scopes[0]"],
      ["of a scope twice", { workspace: "acme", scopes: ["webhooks", "webhooks"] }, "scopes"],
      ["of a workspace without scopes", { workspace: "acme", scopes: [] }, "scopes"],
      ["of an operator with scopes", { scopes }, "scopes"],
      ["of a workspace that cannot be", { workspace: "a b", scopes }, "workspace"],
      [
        "that has ended",
        { workspace: "acme", scopes, expireTime: "2020-01-01T00:00:00Z" },
        "expireTime",
      ],
      [
        "B37 that ends in infinity",
        { workspace: "acme", scopes, expireTime: "infinity" },
        "expireTime",
      ],
      ["B58 of the caller's choice", { workspace: "acme", scopes, key: "ph_x" }, "key"],
      ["B57 of another provider", { workspace: "acme", scopes, provider: "other" }, "provider"],
    ])("%s is refused and makes no workspace", async (_, body, field) => {
      const posthorn = start();
      const at = await workspaceOf(posthorn);
      const answer = await at.leavesNothing(() => send(posthorn, "POST", "/v1/api-keys", { body }));
      expectRefused(answer, { status: 400, reason: "INVALID", field });
    });
  });
}
