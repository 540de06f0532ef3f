import { eventually, receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Separate, separateProcesses } from "../harness/separate-processes.ts";
import { byStandard } from "../harness/verifiers.ts";

let posthorn: Separate;
let key: string;

/** Two delivery processes share the partitions. */
beforeAll(async () => {
  posthorn = await separateProcesses({ log: "postgres" });
  await posthorn.addDelivery();
  const secrets = { rotation: "AT_ONCE" };
  const file = { name: "at-once", unknownEventTypes: "CREATE", secrets };
  const admin = { key: posthorn.adminKey };
  const applied = await posthorn.call("POST", "/v1/providers:apply", file, admin);
  expect(applied.status, applied.text).toBe(200);
  key = applied.body.operatorKey;
}, 120_000);
afterAll(() => posthorn?.stop());

async function call(method: string, path: string, body?: object) {
  const answer = await posthorn.call(method, path, body, { key });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer.body;
}

/** A workspace with an event that its receiver refuses, for now. */
async function setup(workspace: string) {
  const w = `/v1/workspaces/${workspace}`;
  const target = await receiver({ answers: [500] });
  const retryPolicy = { delays: Array(15).fill("0.5s") };
  const webhook = await call("POST", `${w}/webhooks`, { url: target.url, retryPolicy });
  await call("POST", `${w}/events`, { type: "order.created", data: { a: 1 } });
  const [first] = await target.next(1, 20_000);
  return {
    /** Gives the new secret, and when the answer had come. */
    async rotate() {
      const { secret } = await call("POST", `${w}/webhooks/${webhook.id}:rotateSecret`);
      const answeredAtMs = Date.now();
      target.answer(200);
      return { secret, answeredAtMs };
    },
    /** Gives the delivery's attempts once it has succeeded, and with which secret each was signed. */
    async attempts(secrets: { readonly old: string; readonly new: string }) {
      const id = await eventually(async () => {
        const { deliveries } = await call("GET", `${w}/deliveries?state=SUCCEEDED`);
        expect(deliveries).toHaveLength(1);
        return deliveries[0].id as string;
      });
      const { attempts } = await call("GET", `${w}/deliveries/${id}/attempts`);
      return (attempts as { startTime: string; requestHeaders: Record<string, string> }[]).map(
        ({ startTime, requestHeaders: headers }) => {
          const request = { ...first, headers, body: first?.body ?? Buffer.of() };
          const isBy = (secret: string) => byStandard(request as typeof first & {}, secret);
          const signedBy = [isBy(secrets.old) && "old", isBy(secrets.new) && "new"];
          return { startedAtMs: Date.parse(startTime), signedBy: signedBy.filter(Boolean) };
        },
      );
    },
    old: webhook.secret as string,
  };
}

it("a rotation at once: no attempt begun after the answer bears the old secret, in any process", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `acme-${index}`);
  const scenes = await Promise.all(names.map(setup));
  const rotated = await Promise.all(scenes.map((scene) => scene.rotate()));
  for (const [index, scene] of scenes.entries()) {
    const { secret = "", answeredAtMs = 0 } = rotated[index] ?? {};
    const attempts = await scene.attempts({ old: scene.old, new: secret });
    expect(attempts[0]?.signedBy).toEqual(["old"]);
    const later = attempts.filter(({ startedAtMs }) => startedAtMs > answeredAtMs);
    expect(later.map(({ signedBy }) => signedBy)).toEqual(later.map(() => ["new"]));
    expect(later).not.toEqual([]);
  }
});
