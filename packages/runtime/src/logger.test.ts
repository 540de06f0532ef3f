import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { type Logger, logger } from "./logger.ts";

function linesOf(write: (log: Logger) => void, options: { pretty?: boolean; level?: string } = {}) {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  write(logger({ name: "delivery", destination, ...options }));
  return lines;
}

describe("logger", () => {
  test("writes one JSON line with name, level and time in words", () => {
    const [line = "", ...more] = linesOf((log) => log.info({ partition: 3 }, "partition taken"));
    expect(more).toEqual([]);
    expect(JSON.parse(line)).toMatchObject({
      name: "delivery",
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      partition: 3,
      msg: "partition taken",
    });
  });

  test("writes an error with its causes", () => {
    const error = new Error("record attempt att_1", { cause: new Error("connection lost") });
    const [line] = linesOf((log) => log.error({ err: error }, "failed"));
    expect(line).toContain("record attempt att_1");
    expect(line).toContain("connection lost");
  });

  test.each([
    [{ authorization: "hunter2" }],
    [{ headers: { authorization: "hunter2", cookie: "hunter2" } }],
    [{ request: { headers: { "proxy-authorization": "hunter2" } } }],
    [{ webhook: { secret: "hunter2", secrets: ["hunter2"] } }],
    [{ serviceKey: "hunter2", config: { masterKey: "hunter2", password: "hunter2" } }],
  ])("strikes secrets out of %j", (entry) => {
    const [line] = linesOf((log) => log.info(entry, "call"));
    expect(line).toContain("[redacted]");
    expect(line).not.toContain("hunter2");
  });

  test("leaves out what is below its level", () => {
    expect(linesOf((log) => log.debug("x"))).toEqual([]);
    expect(linesOf((log) => log.debug("x"), { level: "debug" })).toHaveLength(1);
  });

  test("writes for people when asked to", () => {
    const [line] = linesOf((log) => log.warn({ part: "sender", ids: [1] }, "part is slow"), {
      pretty: true,
    });
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}delivery: part is slow part=sender ids=\[1\]\n$/,
    );
  });

  test("writes an error's stack for people too", () => {
    const [line] = linesOf((log) => log.error({ err: new Error("disk full") }, "failed"), {
      pretty: true,
    });
    expect(line).toMatch(/ERROR delivery: failed\nError: disk full\n {4}at /);
  });
});
