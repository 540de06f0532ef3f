import { buffer } from "node:stream/consumers";
import { verifyHmac, verifyStandard } from "./verify.mjs";

const { env } = process;
const message = {
  secret: env.WEBHOOK_SECRET,
  id: env.WEBHOOK_ID,
  timestamp: env.WEBHOOK_TIMESTAMP,
  signature: env.WEBHOOK_SIGNATURE,
  body: await buffer(process.stdin),
};
const verify = process.argv[2] === "hmac" ? verifyHmac : verifyStandard;
const isGenuine = verify(message);
console.log(isGenuine ? "genuine" : "refused");
process.exitCode = isGenuine ? 0 : 1;
