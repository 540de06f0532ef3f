/**
 * Prints proto/third_party/buf/validate/validate.proto from the descriptor that ships inside
 * @bufbuild/protovalidate, because no npm package carries the source. Only what the compiler
 * needs is printed: the rules' own CEL texts live in the library, which is what runs them.
 *
 * Usage: npm run task -- print-validate-proto > proto/third_party/buf/validate/validate.proto
 */
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DescEnum, DescExtension, DescField, DescFile, DescMessage } from "@bufbuild/protobuf";
import { Edition, FieldDescriptorProto_Label } from "@bufbuild/protobuf/wkt";

const scalarNames = [
  "",
  "double",
  "float",
  "int64",
  "uint64",
  "int32",
  "fixed64",
  "fixed32",
  "bool",
  "string",
  "group",
  "message",
  "bytes",
  "uint32",
  "enum",
  "sfixed32",
  "sfixed64",
  "sint32",
  "sint64",
];

const require = createRequire(resolve(import.meta.dirname, "../packages/rpc/package.json"));
const path = require.resolve("@bufbuild/protovalidate/gen/buf/validate/validate_pb.js");
const module: { file_buf_validate_validate: DescFile } = await import(
  pathToFileURL(path.replace("/cjs/", "/esm/")).href
);
process.stdout.write(printFile(module.file_buf_validate_validate));

function printFile(file: DescFile): string {
  const proto2 = file.edition === Edition.EDITION_PROTO2;
  return [
    "// Copyright 2023-2026 Buf Technologies, Inc. Licensed under the Apache License, Version 2.0.",
    "// Printed from the descriptor in @bufbuild/protovalidate by scripts/print-validate-proto.ts.",
    `syntax = "${proto2 ? "proto2" : "proto3"}";`,
    `package ${file.proto.package};`,
    ...file.proto.dependency.map((name) => `import "${name}";`),
    ...file.messages.map((message) => printMessage(message, proto2)),
    ...file.enums.map(printEnum),
    ...file.extensions.map((extension) => printExtension(extension, proto2)),
    "",
  ].join("\n\n");
}

function printMessage(message: DescMessage, proto2: boolean): string {
  const plain = message.fields.filter((field) => field.oneof === undefined);
  const ranges = message.proto.extensionRange.map((range) => {
    const last = (range.end ?? 0) - 1;
    return `extensions ${range.start} to ${last >= 536_870_911 ? "max" : last};`;
  });
  const reserved = message.proto.reservedRange.map(
    (range) => `reserved ${range.start} to ${(range.end ?? 0) - 1};`,
  );
  return block(`message ${message.name}`, [
    ...reserved,
    ...message.nestedEnums.map(printEnum),
    ...message.nestedMessages.map((nested) => printMessage(nested, proto2)),
    ...plain.map((field) => printField(field, proto2)),
    ...message.oneofs.map((oneof) =>
      block(
        `oneof ${oneof.name}`,
        oneof.fields.map((field) => `${typeName(field)} ${field.name} = ${field.number};`),
      ),
    ),
    ...ranges,
  ]);
}

function printField(field: DescField | DescExtension, proto2: boolean): string {
  return `${label(field, proto2)}${typeName(field)} ${field.name} = ${field.number};`;
}

function label(field: DescField | DescExtension, proto2: boolean): string {
  if (field.fieldKind === "map") return "";
  if (field.proto.label === FieldDescriptorProto_Label.REPEATED) return "repeated ";
  if (field.proto.label === FieldDescriptorProto_Label.REQUIRED) return "required ";
  return proto2 || field.proto.proto3Optional ? "optional " : "";
}

function typeName(field: DescField | DescExtension): string {
  if (field.fieldKind === "map") throw new Error(`map field ${field.name} is not printed`);
  return field.proto.typeName || (scalarNames[field.proto.type] ?? "");
}

function printEnum(descriptor: DescEnum): string {
  return block(
    `enum ${descriptor.name}`,
    descriptor.values.map((value) => `${value.name} = ${value.number};`),
  );
}

function printExtension(extension: DescExtension, proto2: boolean): string {
  return block(`extend .${extension.extendee.typeName}`, [printField(extension, proto2)]);
}

function block(head: string, lines: readonly string[]): string {
  const body = lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}`).join("\n");
  return `${head} {\n${body}\n}`;
}
