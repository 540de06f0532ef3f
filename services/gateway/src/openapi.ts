import { createFileRegistry, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { type OpenapiInfo, openapi } from "@posthorn/rest";
import { errorFormOf } from "./error-shape-of.ts";
import { exampleOf, isLeftOut } from "./openapi-examples.ts";
import { publicServices } from "./public-services.ts";

const info: OpenapiInfo = {
  exampleOf,
  isLeftOut,
  errorFormOf,
  title: "Posthorn",
  version: "v1",
  description: [
    "Sends webhooks: takes events and delivers them signed, retried and explained.",
    "A key goes into the header `Authorization: Bearer <key>`; it says which provider is meant. Unknown fields and query parameters are refused with 400. Lists are read page by page: `pageSize`, and `pageToken` from `nextPageToken` of the page before. The same services answer gRPC, gRPC-Web and Connect.",
  ].join("\n\n"),
  paths: {
    "/v1/outgoing-ips": {
      get: {
        tags: ["Instance"],
        operationId: "getOutgoingIps",
        summary: "Lists the addresses that deliveries come from",
        responses: {
          200: {
            description: "The addresses; empty when the operator named none.",
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  properties: { ips: { type: "array", items: { type: "string" } } },
                },
              },
            },
          },
        },
        security: [],
      },
    },
  },
};

/**
 * Gives the text of openapi.json from an image of `buf build`, whose source information holds the
 * comments that generated code leaves out. Throws on clashing routes.
 */
export function openapiText(image: Uint8Array): string {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const services = publicServices.map(({ typeName }): DescService => {
    const service = registry.getService(typeName);
    if (service === undefined) throw new Error(`the image has no ${typeName}`);
    return service;
  });
  return `${JSON.stringify(openapi(services, info), undefined, 2)}\n`;
}
