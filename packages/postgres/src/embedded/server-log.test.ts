import { once } from "node:events";
import { PassThrough } from "node:stream";
import { logger } from "@posthorn/runtime";
import { expect, test } from "vitest";
import { serverLog } from "./server-log.ts";

interface Told {
  readonly level: string;
  readonly line: string;
}

async function hear(...lines: readonly string[]): Promise<{ told: Told[]; tail: string }> {
  const stderr = new PassThrough();
  const destination = new PassThrough();
  const log = serverLog(stderr, logger({ name: "test", level: "debug", destination }));
  const ended = once(stderr, "close");
  stderr.end(lines.map((line) => `${line}\n`).join(""));
  stderr.resume();
  await ended;
  const text = String(destination.read() ?? "").trim();
  const told = text === "" ? [] : text.split("\n").map((line) => JSON.parse(line) as Told);
  return { told: told.map(({ level, line }) => ({ level, line })), tail: log.tail() };
}

test("hands complaints on as warnings, with their details, and the rest as debug", async () => {
  const { told } = await hear(
    "postmaster: LOG:  starting PostgreSQL",
    "autovacuum worker: WARNING:  oldest xmin is far in the past",
    "autovacuum worker: HINT:  Close open transactions soon.",
    "autovacuum worker: ERROR:  invalid page in block 7",
    "client backend: FATAL:  the database system is starting up",
  );
  expect(told).toEqual([
    { level: "debug", line: "postmaster: LOG:  starting PostgreSQL" },
    { level: "warn", line: "autovacuum worker: WARNING:  oldest xmin is far in the past" },
    { level: "warn", line: "autovacuum worker: HINT:  Close open transactions soon." },
    { level: "warn", line: "autovacuum worker: ERROR:  invalid page in block 7" },
    { level: "debug", line: "client backend: FATAL:  the database system is starting up" },
  ]);
});

test("what a statement fails with goes nowhere: it holds values of rows", async () => {
  const { told, tail } = await hear(
    'client backend: ERROR:  invalid input syntax for type integer: "canary"',
    'parallel worker: ERROR:  duplicate key value violates unique constraint "x"',
    "parallel worker: DETAIL:  Key (secret)=(canary) already exists.",
    "of several lines: canary",
  );
  expect(told).toEqual([]);
  expect(tail).toBe("it said nothing");
});

test("the tail is the last complaints with their details, in one line", async () => {
  const { tail } = await hear(
    "2026-01-01 12:00:00.000 GMT [1] LOG:  starting PostgreSQL",
    "2026-01-01 12:00:00.000 GMT [1] FATAL:  database files are incompatible with server",
    "2026-01-01 12:00:00.000 GMT [1] DETAIL:  initialized by PostgreSQL version 17",
    "2026-01-01 12:00:00.000 GMT [1] LOG:  database system is shut down",
  );
  expect(tail).toBe(
    "FATAL:  database files are incompatible with server | DETAIL:  initialized by PostgreSQL version 17",
  );
});

test("without complaints, the tail is what it said last", async () => {
  const { tail } = await hear("postmaster: LOG:  one", "postmaster: LOG:  two");
  expect(tail).toBe("postmaster: LOG:  one | postmaster: LOG:  two");
});
