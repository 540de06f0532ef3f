import { envReader } from "@posthorn/runtime";
import { expect, test } from "vitest";
import { readIngestionConfig } from "./config.ts";

const base = { DATABASE_URL: "postgres://localhost/x", POSTHORN_SERVICE_KEY: "key" };

function read(more: Record<string, string>) {
  const env = envReader({ ...base, ...more });
  const config = readIngestionConfig(env);
  env.check();
  return config;
}

test.each([
  ["", [{ topic: "posthorn.ingest.v1", provider: "demo" }]],
  ["none", []],
  [
    "a=x, b.c=y-1",
    [
      { topic: "a", provider: "x" },
      { topic: "b.c", provider: "y-1" },
    ],
  ],
])("reads the ingest topics %j", (text, topics) => {
  expect(read({ POSTHORN_INGEST_TOPICS: text }).ingestTopics).toEqual(topics);
});

test.each(["a", "a=", "a=X", "=x", "a=x,a=y"])("refuses the ingest topics %j", (text) => {
  expect(() => read({ POSTHORN_INGEST_TOPICS: text })).toThrow("POSTHORN_INGEST_TOPICS");
});
