import { create, createFileRegistry, type DescService, setExtension } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { rest_errors as restErrors } from "@posthorn/proto/posthorn/type/v1/options";
import { describe, expect, it } from "vitest";
import { errorShapeOf } from "./error-shape-of.ts";

function serviceWith(shape: string): DescService {
  const options = create(ServiceOptionsSchema);
  setExtension(options, restErrors, shape);
  const service = [{ name: "Hooks", options }];
  const file = [create(FileDescriptorProtoSchema, { name: "a.proto", syntax: "proto3", service })];
  const found = createFileRegistry(create(FileDescriptorSetSchema, { file })).getService("Hooks");
  if (found === undefined) throw new Error("no service");
  return found;
}

describe("errorShapeOf", () => {
  it("gives no shape without the option", () => {
    expect(errorShapeOf(serviceWith(""))).toBeUndefined();
  });

  it("gives the shape data_error, with the HTTP status as its code", () => {
    const refused = { status: 409, code: Code.Aborted, reason: "CONFLICT", message: "again" };
    expect(errorShapeOf(serviceWith("data_error"))?.(refused)).toEqual({
      data: null,
      error: { code: 409, message: "again" },
    });
  });

  it.each(["dataError", "constructor"])("refuses the unknown shape %s", (name) => {
    expect(() => errorShapeOf(serviceWith(name))).toThrow(name);
  });
});
