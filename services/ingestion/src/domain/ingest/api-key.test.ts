import { isWellFormedKey, newApiKey } from "@posthorn/rpc";
import { expect, test } from "vitest";
import { keyBearingHeaders } from "./api-key.ts";

const key = newApiKey("ph_");
const find = (name: string, value: string) =>
  keyBearingHeaders({ [name]: Buffer.from(value), other: Buffer.from("1") }, isWellFormedKey);

test.each([
  ["authorization", "anything"],
  ["Authorization", `Bearer ${key}`],
  ["posthorn-api-key", key],
  ["Posthorn-Api-Key", ""],
  ["x-custom", key],
  ["x-custom", `bearer ${key}`],
])("finds the header %s", (name, value) => {
  expect(find(name, value)).toEqual([name]);
});

test.each([
  ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
  ["x-custom", `${key.slice(0, -1)}_`],
])("leaves %s alone", (name, value) => {
  expect(find(name, value)).toEqual([]);
});
