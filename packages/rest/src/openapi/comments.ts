import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from "@bufbuild/protobuf";

type Commented = DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescService;

/** The field numbers of google/protobuf/descriptor.proto that lead to an element. */
const step = {
  fileMessage: 4,
  fileEnum: 5,
  fileService: 6,
  messageField: 2,
  messageMessage: 3,
  messageEnum: 4,
  serviceMethod: 2,
  enumValue: 2,
} as const;

const commentsByFile = new WeakMap<DescFile, ReadonlyMap<string, string>>();

/**
 * Gives the comment that stands before an element in its proto file, as one text whose paragraphs
 * are parted by empty lines. Empty when there is none, or when the descriptor came without source
 * information, as generated code does.
 */
export function commentOf(desc: Commented): string {
  const file = fileOf(desc);
  const known = commentsByFile.get(file) ?? readComments(file);
  commentsByFile.set(file, known);
  return known.get(pathOf(desc).join()) ?? "";
}

function readComments(file: DescFile): ReadonlyMap<string, string> {
  const locations = file.proto.sourceCodeInfo?.location ?? [];
  return new Map(locations.map((it) => [it.path.join(), unwrapped(it.leadingComments)]));
}

/** Joins the lines of each paragraph, and keeps paragraphs. */
function unwrapped(comment: string): string {
  const paragraphs = comment.split(/\n\s*\n/).map((it) => it.trim().replace(/\s*\n\s*/g, " "));
  return paragraphs.filter((it) => it !== "").join("\n\n");
}

function fileOf(desc: Commented): DescFile {
  switch (desc.kind) {
    case "enum_value":
    case "field":
    case "rpc":
      return desc.parent.file;
    case "enum":
    case "message":
    case "service":
      return desc.file;
  }
}

function pathOf(desc: Commented): number[] {
  switch (desc.kind) {
    case "enum_value":
      return [...pathOf(desc.parent), step.enumValue, desc.parent.values.indexOf(desc)];
    case "field":
      return [...pathOf(desc.parent), step.messageField, desc.parent.fields.indexOf(desc)];
    case "rpc":
      return [...pathOf(desc.parent), step.serviceMethod, desc.parent.methods.indexOf(desc)];
    case "service":
      return [step.fileService, desc.file.services.indexOf(desc)];
    case "enum":
      return desc.parent === undefined
        ? [step.fileEnum, desc.file.proto.enumType.indexOf(desc.proto)]
        : [
            ...pathOf(desc.parent),
            step.messageEnum,
            desc.parent.proto.enumType.indexOf(desc.proto),
          ];
    case "message":
      return desc.parent === undefined
        ? [step.fileMessage, desc.file.proto.messageType.indexOf(desc.proto)]
        : [
            ...pathOf(desc.parent),
            step.messageMessage,
            desc.parent.proto.nestedType.indexOf(desc.proto),
          ];
  }
}
