import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "@posthorn/errors";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { yamlFile } from "../test/harness.ts";
import { readProviderFile } from "./rpc/providers/read-file.ts";

const folder = new URL("../../../deploy/providers/", import.meta.url);
const textOf = (name: string) => readFileSync(fileURLToPath(new URL(name, folder)), "utf8");
const shipped = readdirSync(folder).filter((name) => name.endsWith(".yaml"));

const ajv = new Ajv2020({ strictTypes: false });
formats.default(ajv);
ajv.addFormat("int32", true);
const validate = ajv.compile(JSON.parse(textOf("provider.schema.json")));

/** Whether the service reads a file, as far as it can tell without its tables. */
function isRead(text: string): boolean {
  try {
    readProviderFile(yamlFile(text));
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return false;
  }
}

describe("provider.schema.json", () => {
  it.each(shipped)("takes %s, as the service does", (name) => {
    const text = textOf(name);
    expect(validate(parse(text)), ajv.errorsText(validate.errors)).toBe(true);
    expect(isRead(text)).toBe(true);
  });

  it.each([
    "name: a",
    "name: a\nretryPolicy: { delays: [5s, 0.5s] }",
    "name: a\nsignatures: [{ scheme: HMAC, header: X-A }]\nsecrets: { rotation: AT_ONCE }",
    "name: a\neventTypes: [{ name: a, schema: true, example: [1] }]",
    "name: a\nenvelopes: [{ version: v1, fields: [{ source: DATA, spread: true }] }]",
    "name: a\nwebhookFields: [{ field: url, required: true, label: URL }]\ncompat: up42",
  ])("takes what the service takes: %s", (text) => {
    expect(validate(parse(text)), ajv.errorsText(validate.errors)).toBe(true);
    expect(isRead(text)).toBe(true);
  });

  it.each([
    "{}",
    "[]",
    "name: A",
    "name: a\ncolour: red",
    "name: a\nrevision: '3'",
    "name: a\nsignatures: [{}]",
    "name: a\nsignatures: [{ scheme: MD5 }]",
    "name: a\neventTypes: [{ group: x }]",
    "name: a\neventTypes: [{ name: a, createTime: '2026-01-01T00:00:00Z' }]",
    "name: a\nretryPolicy: { delays: [5] }",
    "name: a\nwebhooksPerWorkspaceMax: 1001",
    "name: a\nenvelopes: [{ fields: [] }]",
    "name: a\nenvelopes: [{ version: v1, fields: [{ name: x }] }]",
    "name: a\nwebhookFields: [{ label: x }]",
    "name: a\ncompat: svix",
    "name: a\nconnections: { firstSyncEventTypes: ['*'] }",
  ])("refuses what the service refuses: %s", (text) => {
    expect(validate(parse(text))).toBe(false);
    expect(isRead(text)).toBe(false);
  });
});
