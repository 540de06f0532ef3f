import {
  create,
  createFileRegistry,
  type DescMessage,
  type DescService,
  type FileRegistry,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  type DescriptorProto,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  MessageOptionsSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  file_buf_validate_validate,
  MessageRulesSchema,
  field as validateField,
  message as validateMessage,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { file_google_api_annotations, http } from "@posthorn/proto/google/api/annotations";
import {
  CustomHttpPatternSchema,
  file_google_api_http,
  type HttpRule,
  HttpRuleSchema,
} from "@posthorn/proto/google/api/http";
import { file_google_api_httpbody } from "@posthorn/proto/google/api/httpbody";
import {
  file_posthorn_type_v1_options,
  http_status as httpStatus,
  raw_json as rawJson,
} from "@posthorn/proto/posthorn/type/v1/options";

/** A file of messages and one service, written short, for tests. */
export interface TestSchema {
  /**
   * Fields by name: a scalar (`string`), a message (`Book`, `google.protobuf.Timestamp`), an enum
   * (`enum Color`), or these behind `repeated`, `optional`, `map` (of texts) or `oneof`; `raw` is
   * bytes that are JSON text.
   */
  readonly messages: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Values by enum, the zero first. */
  readonly enums?: Readonly<Record<string, readonly string[]>>;
  readonly methods: Readonly<Record<string, TestMethod>>;
  /** What protovalidate checks of fields, by `Message.field`, and of messages, by `Message`. */
  readonly rules?: Readonly<Record<string, MessageInitShape<typeof FieldRulesSchema>>>;
  readonly messageRules?: Readonly<Record<string, MessageInitShape<typeof MessageRulesSchema>>>;
}

/** A method of the test's service. */
export interface TestMethod {
  readonly input: string;
  readonly output: string;
  readonly rule?: TestRule;
  readonly status?: number;
  readonly clientStreaming?: boolean;
  readonly serverStreaming?: boolean;
}

/** A google.api.http rule. */
export interface TestRule {
  /** `GET`, or any other method, which makes a custom rule; absent, the rule has no path. */
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly responseBody?: string;
  readonly also?: readonly TestRule[];
}

const imports = [
  file_google_protobuf_any,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_wrappers,
  file_google_api_http,
  file_google_api_annotations,
  file_google_api_httpbody,
  file_posthorn_type_v1_options,
  file_buf_validate_validate,
].map((file) => file.proto);

/** Gives the service `test.Library` of a schema, and its messages by name. */
export function testSchema(schema: TestSchema): {
  service: DescService;
  message(name: string): DescMessage;
} {
  const registry = registryOf(schema);
  const service = registry.getService("test.Library");
  if (service === undefined) throw new Error("no service");
  return {
    service,
    message(name) {
      const desc = registry.getMessage(`test.${name}`);
      if (desc === undefined) throw new Error(`no message ${name}`);
      return desc;
    },
  };
}

function registryOf(schema: TestSchema): FileRegistry {
  const { messages, enums = {}, methods, rules = {}, messageRules = {} } = schema;
  const file = create(FileDescriptorProtoSchema, {
    name: "test.proto",
    package: "test",
    syntax: "proto3",
    dependency: imports.map(({ name }) => name),
    messageType: Object.entries(messages).map(([name, fields]) => messageProto(name, fields)),
    enumType: Object.entries(enums).map(([name, values]) => ({
      name,
      value: values.map((value, number) => ({ name: value, number })),
    })),
    service: [
      {
        name: "Library",
        method: Object.entries(methods).map(([name, it]) => methodProto(name, it)),
      },
    ],
  });
  for (const message of file.messageType) {
    setRules(message, rules, messageRules[message.name]);
  }
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [...imports, file] }));
}

function setRules(
  message: DescriptorProto,
  rules: NonNullable<TestSchema["rules"]>,
  ownRules: MessageInitShape<typeof MessageRulesSchema> | undefined,
): void {
  for (const field of message.field) {
    const fieldRules = rules[`${message.name}.${field.name}`];
    if (fieldRules === undefined) continue;
    field.options ??= create(FieldOptionsSchema);
    setExtension(field.options, validateField, create(FieldRulesSchema, fieldRules));
  }
  if (ownRules === undefined) return;
  message.options = create(MessageOptionsSchema);
  setExtension(message.options, validateMessage, create(MessageRulesSchema, ownRules));
}

function methodProto(name: string, { input, output, rule, status, ...streaming }: TestMethod) {
  const options = create(MethodOptionsSchema);
  if (rule !== undefined) setExtension(options, http, httpRule(rule));
  if (status !== undefined) setExtension(options, httpStatus, status);
  return { name, inputType: typeName(input), outputType: typeName(output), options, ...streaming };
}

function httpRule({ method, path, body = "", responseBody = "", also = [] }: TestRule): HttpRule {
  return create(HttpRuleSchema, {
    ...(method !== undefined && { pattern: patternOf(method, path) }),
    body,
    responseBody,
    additionalBindings: also.map(httpRule),
  });
}

function patternOf(kind: string, path: string): HttpRule["pattern"] {
  switch (kind) {
    case "GET":
      return { case: "get", value: path };
    case "POST":
      return { case: "post", value: path };
    case "PUT":
      return { case: "put", value: path };
    case "PATCH":
      return { case: "patch", value: path };
    case "DELETE":
      return { case: "delete", value: path };
    default:
      return { case: "custom", value: create(CustomHttpPatternSchema, { kind, path }) };
  }
}

function messageProto(name: string, fields: Readonly<Record<string, string>>) {
  const entries = Object.entries(fields);
  const optional = entries.filter(([, spec]) => spec.startsWith("optional "));
  const hasOneof = entries.some(([, spec]) => spec.startsWith("oneof "));
  const oneofDecl = [
    ...(hasOneof ? [{ name: "choice" }] : []),
    ...optional.map(([field]) => ({ name: `_${field}` })),
  ];
  const oneofIndexOf = (field: string, spec: string) => {
    if (spec.startsWith("oneof ")) return 0;
    const index = oneofDecl.findIndex((it) => it.name === `_${field}`);
    return index < 0 ? undefined : index;
  };
  return {
    name,
    oneofDecl,
    field: entries.map(([field, spec], index) => {
      const oneofIndex = oneofIndexOf(field, spec);
      const proto = fieldProto(name, field, spec, index + 1);
      if (oneofIndex !== undefined) proto.oneofIndex = oneofIndex;
      return proto;
    }),
    nestedType: entries
      .filter(([, spec]) => spec.startsWith("map "))
      .map(([field, spec]) => ({
        name: entryName(field),
        options: { mapEntry: true },
        field: [
          fieldProto(name, "key", "string", 1),
          fieldProto(name, "value", spec.slice("map ".length), 2),
        ],
      })),
  };
}

function fieldProto(message: string, name: string, spec: string, number: number) {
  const words = spec.split(" ");
  const type = words.at(-1) ?? "";
  const isMap = words[0] === "map";
  const field = create(FieldDescriptorProtoSchema, {
    name,
    jsonName: name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
    number,
    label:
      isMap || words[0] === "repeated"
        ? FieldDescriptorProto_Label.REPEATED
        : FieldDescriptorProto_Label.OPTIONAL,
    proto3Optional: words[0] === "optional",
    ...(isMap
      ? {
          type: FieldDescriptorProto_Type.MESSAGE,
          typeName: `.test.${message}.${entryName(name)}`,
        }
      : typeOf(type, words.includes("enum"))),
  });
  if (type === "raw") {
    field.options = create(FieldOptionsSchema);
    setExtension(field.options, rawJson, true);
  }
  return field;
}

function typeOf(type: string, isEnum: boolean) {
  if (isEnum) return { type: FieldDescriptorProto_Type.ENUM, typeName: typeName(type) };
  if (/^[a-z0-9]+$/.test(type)) {
    const key = type === "raw" ? "BYTES" : type.toUpperCase();
    return { type: FieldDescriptorProto_Type[key as "BYTES"] };
  }
  return { type: FieldDescriptorProto_Type.MESSAGE, typeName: typeName(type) };
}

function typeName(name: string): string {
  return name.includes(".") ? `.${name}` : `.test.${name}`;
}

function entryName(field: string): string {
  const words = field.split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join("")}Entry`;
}
