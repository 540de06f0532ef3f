import { AppError } from "@posthorn/errors";
import { expect, test } from "vitest";
import { fieldsToUpdate } from "./update-mask.ts";

const rules = {
  prefix: "thing",
  writable: ["name", "event_types", "retry_policy"],
  fixed: ["create_time"],
  key: "id",
  tolerated: ["etag"],
} as const;

test.each([
  { case: "takes the mask's fields", paths: ["name"], populated: ["id"], fields: ["name"] },
  {
    case: "takes a field that the mask names though it is empty",
    paths: ["event_types"],
    populated: [],
    fields: ["event_types"],
  },
  {
    case: "ignores what is set outside the mask",
    paths: ["name"],
    populated: ["create_time", "event_types"],
    fields: ["name"],
  },
  {
    case: "takes what is set where there is no mask",
    paths: undefined,
    populated: ["id", "name", "etag"],
    fields: ["name"],
  },
  { case: "reads an empty mask as none", paths: [], populated: ["name"], fields: ["name"] },
  {
    case: "takes all that may be changed for a star",
    paths: ["*"],
    populated: [],
    fields: ["name", "event_types", "retry_policy"],
  },
  {
    case: "takes a retry policy's only field for the whole",
    paths: ["retry_policy.delays"],
    populated: [],
    fields: ["retry_policy"],
  },
  { case: "lets an etag pass", paths: ["etag"], populated: [], fields: [] },
])("$case", ({ paths, populated, fields }) => {
  expect([...fieldsToUpdate({ paths, populated }, rules)]).toEqual(fields);
});

test.each([
  {
    case: "refuses a field that may not be changed in the mask",
    paths: ["name", "create_time"],
    populated: [],
    field: "thing.createTime",
  },
  {
    case: "refuses a field that may not be changed where there is no mask",
    paths: undefined,
    populated: ["create_time"],
    field: "thing.createTime",
  },
  { case: "refuses the id in a mask", paths: ["id"], populated: [], field: "thing.id" },
  {
    case: "refuses a path that names nothing",
    paths: ["nam"],
    populated: [],
    field: "updateMask",
  },
  {
    case: "refuses a path into a list",
    paths: ["event_types.0"],
    populated: [],
    field: "updateMask",
  },
])("$case", ({ paths, populated, field }) => {
  const act = () => fieldsToUpdate({ paths, populated }, rules);
  expect(act).toThrow(AppError);
  expect(act).toThrow(expect.objectContaining({ reason: "invalid" }));
  expect(act).toThrow(expect.objectContaining({ fields: [expect.objectContaining({ field })] }));
});
