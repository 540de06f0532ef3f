import { expect, test } from "vitest";
import { postgresWords } from "./postgres-words.ts";

test.each([
  [
    "postgres did not start on /a/postgres: exit code 1: postmaster: FATAL:  files are incompatible | postmaster: DETAIL:  Version 1. | postmaster: HINT:  initdb.",
    "files are incompatible; Version 1",
  ],
  [
    "postgres on /a/postgres ended by itself: SIGKILL: client backend: FATAL:  terminating | client backend: FATAL:  terminating",
    "terminating",
  ],
  ["postgres on /a/postgres ended by itself: SIGKILL: it said nothing", "it said nothing"],
  ["the data folder /a cannot be used: EACCES", "the data folder /a cannot be used: EACCES"],
])("shortens %s", (problem, words) => {
  expect(postgresWords(problem)).toBe(words);
});
