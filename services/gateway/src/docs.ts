import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FastifyInstance } from "fastify";

const providerSchemaUrl = new URL(
  "../../../deploy/providers/provider.schema.json",
  import.meta.url,
);
const openapiUrl = new URL("../openapi.json", import.meta.url);
const scalarUrl = new URL("browser/standalone.js", import.meta.resolve("@scalar/api-reference"));

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Posthorn API</title>
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/scalar.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

/** Nothing is asked of other hosts: no fonts, no telemetry, no proxy for trying calls out. */
const startScript = `Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
});
`;

const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Serves `/openapi.json`, at `/docs` a page to read it, and at `/provider.schema.json` what editors
 * check provider files by, without any other host.
 */
export function addDocs(app: FastifyInstance): void {
  const openapi = readFileSync(openapiUrl);
  const providerSchema = readFileSync(providerSchemaUrl);
  let scalar: Promise<Buffer> | undefined;
  app.get("/openapi.json", async (_, reply) => {
    return await reply.header("access-control-allow-origin", "*").type(json).send(openapi);
  });
  app.get("/provider.schema.json", async (_, reply) => {
    return await reply.header("access-control-allow-origin", "*").type(json).send(providerSchema);
  });
  app.get("/docs", async (_, reply) => {
    const policy = { "content-security-policy": contentSecurityPolicy };
    return await reply.headers(policy).type("text/html; charset=utf-8").send(html);
  });
  app.get("/docs/start.js", async (_, reply) => await reply.type(javascript).send(startScript));
  app.get("/docs/scalar.js", async (_, reply) => {
    scalar ??= zipped(scalarUrl);
    const headers = { "content-encoding": "gzip", "cache-control": "public, max-age=3600" };
    return await reply
      .headers(headers)
      .type(javascript)
      .send(await scalar);
  });
}

const json = "application/json";
const javascript = "text/javascript; charset=utf-8";

/** 4.3 MB of script are 1.3 MB when zipped, which every browser takes. */
async function zipped(url: URL): Promise<Buffer> {
  return await promisify(gzip)(await readFile(url));
}
