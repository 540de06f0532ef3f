import { readFileSync, writeFileSync } from "node:fs";
import { openapiText } from "./openapi.ts";

const usage = `Writes the OpenAPI document of the public services.

  buf build ../../proto -o - | node --conditions=source src/gen-openapi.ts <file>

Reads the image, with its source information, from standard input.
`;

const [path] = process.argv.slice(2);
if (path === undefined || path === "--help") process.stdout.write(usage);
else writeFileSync(path, openapiText(readFileSync(0)));
