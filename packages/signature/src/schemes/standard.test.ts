import { expect, test } from "vitest";
import { newSecret } from "../secret.ts";
import { sign } from "../sign.ts";
import { verify } from "../verify.ts";

const scheme = "standard";
const nowS = 1_760_000_000;
const secrets = [newSecret()];
const body = Buffer.from('{"a":1}');
const headers = sign({ scheme, secrets, id: "evt_1", timestampS: nowS, body });

test.each([
  ["with two ids", { "webhook-id": ["evt_1", "evt_2"] }, "webhook-id must be there exactly once"],
  ["with another id", { "webhook-id": "evt_2" }, "no signature matches"],
  ["with a dotted id", { "webhook-id": "evt.1" }, "without a dot"],
  ["with another time", { "webhook-timestamp": String(nowS + 1) }, "no signature matches"],
  ["with a hex time", { "webhook-timestamp": "0x10" }, "whole seconds"],
  ["with a padded time", { "webhook-timestamp": `0${nowS}` }, "whole seconds"],
  ["without a signature of its version", { "webhook-signature": "v1a,aa" }, "no signature matches"],
  ["with an empty signature", { "webhook-signature": "v1," }, "no signature matches"],
])("refuses a message %s", (_name, changed, problem) => {
  const received = { scheme, secrets, headers: { ...headers, ...changed }, body, nowS } as const;
  expect(verify(received)).toEqual({ problem: expect.stringContaining(problem) });
});

test("looks at no more than twenty signatures", () => {
  const signature = `${"v1,aa ".repeat(20)}${headers["webhook-signature"]}`;
  const padded = { ...headers, "webhook-signature": signature };
  expect(verify({ scheme, secrets, headers: padded, body, nowS })).toEqual({
    problem: "no signature matches",
  });
});
