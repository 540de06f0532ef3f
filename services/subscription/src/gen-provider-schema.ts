import { readFileSync, writeFileSync } from "node:fs";
import { providerSchemaText } from "./provider-schema.ts";

const usage = `Writes the JSON Schema of a provider file.

  node --conditions=source src/gen-provider-schema.ts <file> < ../gateway/openapi.json
`;

const [path] = process.argv.slice(2);
if (path === undefined || path === "--help") process.stdout.write(usage);
else writeFileSync(path, providerSchemaText(readFileSync(0, "utf8")));
