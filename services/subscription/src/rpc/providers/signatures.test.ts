import { readFileSync } from "node:fs";
import { toJson } from "@bufbuild/protobuf";
import { SignatureSchema } from "@posthorn/proto/posthorn/type/v1/policy";
import { newUuid } from "@posthorn/runtime";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Harness, harness, jsonFile, refusalOf, yamlFile } from "../../../test/harness.ts";

let it: Harness;

beforeAll(async () => {
  it = await harness();
});

afterAll(() => it.close());

const freshName = () => `p-${newUuid().slice(-12)}`;
const apply = (file: ReturnType<typeof yamlFile>) => it.admin.providers.applyProvider({ file });

const every = [
  { scheme: "STANDARD" },
  { scheme: "STANDARD_ED25519" },
  {
    scheme: "HMAC",
    header: "X-Acme-Signature",
    encoding: "BASE64",
    prefix: "sha256=",
    secretEncoding: "DECODED",
  },
  { scheme: "RFC9421", algorithm: "ED25519", target: "AUTHORITY_AND_PATH", label: "a", tag: "b" },
];
const others = [
  { scheme: "SVIX" },
  { scheme: "HMAC", header: "X-Plain" },
  { scheme: "TIMESTAMPED_HMAC", header: "X-Timed", secretEncoding: "TEXT" },
  { scheme: "RFC9421", secretEncoding: "DECODED" },
];

test.each([{ signatures: every }, { signatures: others }])(
  "keeps what a file says of each signature: $signatures",
  async ({ signatures }) => {
    const name = freshName();
    const file = jsonFile(JSON.stringify({ name, signatures }));
    const { provider, changes } = await apply(file);
    expect(changes).toEqual(["name", "signatures"]);
    expect(provider?.signatures.map((it) => toJson(SignatureSchema, it))).toEqual(signatures);
    expect((await apply(file)).changes).toEqual([]);
    expect(await it.admin.providers.getProvider({ provider: name })).toEqual(provider);
  },
);

test("takes the same signatures as YAML", async () => {
  const name = freshName();
  await apply(jsonFile(JSON.stringify({ name, signatures: others })));
  const yaml = `name: ${name}
signatures:
  - scheme: SVIX
  - { scheme: HMAC, header: X-Plain }
  - scheme: TIMESTAMPED_HMAC
    header: X-Timed
    secretEncoding: TEXT
  - { scheme: RFC9421, secretEncoding: DECODED }`;
  expect((await apply(yamlFile(yaml))).changes).toEqual([]);
  expect((await apply(yamlFile(yaml.replace("X-Plain", "X-Other")))).changes).toEqual([
    "signatures",
  ]);
});

test.each([
  { signatures: "[{ scheme: HMAC }]", field: "signatures[0].header" },
  { signatures: '[{ scheme: HMAC, header: "a b" }]', field: "signatures[0].header" },
  { signatures: "[{ scheme: HMAC, header: Connection }]", field: "signatures[0].header" },
  { signatures: "[{ scheme: HMAC, header: Content-Type }]", field: "signatures[0].header" },
  { signatures: "[{ scheme: HMAC, header: Webhook-Signature }]", field: "signatures[0].header" },
  { signatures: "[{ scheme: HMAC, header: a, encoding: HEXA }]", field: "signatures[0].encoding" },
  { signatures: '[{ scheme: HMAC, header: a, prefix: " a" }]', field: "signatures[0].prefix" },
  { signatures: "[{ scheme: STANDARD, header: a }]", field: "signatures[0].header" },
  { signatures: "[{ scheme: RFC9421, label: A }]", field: "signatures[0].label" },
  { signatures: '[{ scheme: RFC9421, tag: "ä" }]', field: "signatures[0].tag" },
  { signatures: "[{ scheme: HMAC_SHA1 }]", field: "signatures[0].scheme" },
  { signatures: "[{ scheme: HMAC, name: a }]", field: "signatures[0].name" },
  { signatures: "[{ header: X-A }]", field: "signatures[0].scheme" },
  {
    signatures: "[{ scheme: HMAC, header: X-A }, { scheme: TIMESTAMPED_HMAC, header: x-a }]",
    field: "signatures[1].header",
  },
  { signatures: "[{ scheme: STANDARD }, { scheme: STANDARD }]", field: "signatures[1].scheme" },
])("refuses $signatures", async ({ signatures, field }) => {
  const applying = apply(yamlFile(`name: ${freshName()}\nsignatures: ${signatures}`));
  expect(await refusalOf(applying)).toEqual({ reason: "invalid", fields: [field] });
});

test("takes no options from a scheme that has been replaced by a release without them", async () => {
  const name = freshName();
  await apply(yamlFile(`name: ${name}\nsignatures: [{ scheme: HMAC, header: X-A }]`));
  await it.query("update subscription.provider set signatures = '{SVIX}' where name = $1", [name]);
  const provider = await it.admin.providers.getProvider({ provider: name });
  expect(provider.signatures.map((it) => toJson(SignatureSchema, it))).toEqual([
    { scheme: "SVIX" },
  ]);
});

const docs = readFileSync(new URL("../../../../../docs/signatures.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...docs.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)]
    .filter(([, , found]) => found === language)
    .map(([, indent = "", , code = ""]) => code.replaceAll(new RegExp(`^${indent}`, "gm"), ""));

test.each(blocks("yaml"))("docs/signatures.md shows what is taken:\n%s", async (yaml) => {
  expect((await apply(yamlFile(`name: ${freshName()}\n${yaml}`))).changes).toContain("signatures");
});

test("docs/signatures.md shows YAML and JSON that say the same", async () => {
  const [yaml = ""] = blocks("yaml");
  const [json = ""] = blocks("json");
  const name = freshName();
  await apply(yamlFile(`name: ${name}\n${yaml}`));
  expect((await apply(jsonFile(json.replace("acme", name)))).changes).toEqual([]);
});
