import { expect, test } from "vitest";
import { output } from "./output.ts";
import { plain, plainLine } from "./plain.ts";

/** An output that keeps what is written to it. */
function kept(options: { isJson?: boolean; isTTY?: boolean } = {}) {
  const written = { out: "", err: "" };
  const stream = (name: "out" | "err") => ({
    isTTY: options.isTTY === true,
    hasColors: () => true,
    write(text: string) {
      written[name] += text;
    },
  });
  const isJson = options.isJson === true;
  const streams = { stdout: stream("out"), stderr: stream("err") };
  return { out: output({ ...streams, isJson, hasColours: true }), written };
}

const columns = [
  { title: "NAME", of: ({ name }: { name: string }) => name },
  { title: "STATE", of: () => "ACTIVE", style: () => "green" as const },
];

test("shows a table without lines, aligned, and in colours on a terminal alone", () => {
  const { out, written } = kept();
  out.table([{ name: "a" }, { name: "long name" }], columns);
  expect(written.out).toBe("NAME       STATE\na          ACTIVE\nlong name  ACTIVE\n");
  const terminal = kept({ isTTY: true });
  terminal.out.table([{ name: "a" }], columns);
  expect(terminal.written.out).toContain("\u001b[32mACTIVE");
});

test("shows fields that have a value, and aligns further lines of one", () => {
  const { out, written } = kept();
  out.fields([
    ["id", "wh_1"],
    ["name", ""],
    ["schema", "{\n}"],
    ["count", 0],
  ]);
  expect(written.out).toBe("id      wh_1\nschema  {\n        }\ncount   0\n");
});

test("writes nothing but JSON where programs read", () => {
  const { out, written } = kept({ isJson: true });
  out.say("hello");
  out.note("beside");
  out.fields([["id", "wh_1"]]);
  out.table([{ name: "a" }], columns);
  out.json("{}");
  expect(written).toEqual({ out: "{}\n", err: "" });
});

test("shows what could move the cursor or hide text as what it is", () => {
  expect(plain("a\u001b[2Jb\r\nc\td\u202e")).toBe("a\\u001b[2Jb\\u000d\nc  d\\u202e");
  expect(plainLine("a\nb")).toBe("a\\nb");
  const { out, written } = kept();
  out.table([{ name: "\u001b]0;x\u0007" }], columns);
  expect(written.out).toContain("\\u001b]0;x\\u0007");
});
