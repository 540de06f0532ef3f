import { expect, test } from "vitest";
import { spanInWords, statusInWords } from "./words.ts";

test.each([
  [-5, "0 ms"],
  [0, "0 ms"],
  [120.4, "120 ms"],
  [1_000, "1 s"],
  [1_540, "1.5 s"],
  [12_300, "12 s"],
  [60_000, "1 min"],
  [61_000, "1 min 1 s"],
  [300_400, "5 min"],
  [7_500_000, "2 h 5 min"],
  [7_204_000, "2 h 4 s"],
  [90_061_000, "1 d 1 h"],
  [604_800_000, "7 d"],
])("%d ms are %s", (ms, words) => {
  expect(spanInWords(ms)).toBe(words);
});

test.each([
  [503, "503 Service Unavailable"],
  [599, "599"],
])("status %d is %s", (code, words) => {
  expect(statusInWords(code)).toBe(words);
});
