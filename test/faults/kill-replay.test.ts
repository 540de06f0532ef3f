import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, receiver } from "@posthorn/testkit";
import { expect, it } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";

const eventCount = 400;
const w = "/v1/workspaces/acme";

it("kill -9 in the midst of a replay: it goes on, and makes no delivery twice", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "posthorn-kill-replay-"));
  const first = await oneProcess({ dataDir });
  const old = await receiver();
  expect((await first.call("POST", `${w}/webhooks`, { url: old.url })).status).toBe(200);
  const event = { type: "order.created", data: {} };
  const batch = { events: Array.from({ length: 100 }, () => event) };
  for (let count = 0; count < eventCount; count += 100) {
    expect((await first.call("POST", `${w}/events:batch`, batch)).status).toBe(202);
  }
  await old.next(eventCount);
  const late = await receiver();
  const { body: webhook } = await first.call("POST", `${w}/webhooks`, { url: late.url });
  const after = new Date(Date.now() - 3_600_000).toISOString();
  const asked = { webhook: webhook.id, filter: "MISSING", after, perSecond: 200 };
  const { body: replay } = await first.call("POST", `${w}/replays`, asked);
  await late.next(50);
  await first.process.end("SIGKILL");
  expect(new Set(late.requests.map(idOf)).size).toBeLessThan(eventCount);

  const second = await oneProcess({ dataDir, operatorKey: first.operatorKey });
  await eventually(
    async () => {
      const { body } = await second.call("GET", `${w}/replays/${replay.id}`);
      expect(body).toMatchObject({
        state: "COMPLETED",
        matchedCount: eventCount,
        createdCount: eventCount,
        succeededCount: eventCount,
      });
    },
    { timeoutMs: 60_000 },
  );
  expect(new Set(late.requests.map(idOf)).size).toBe(eventCount);
  await second.stop();
  await Promise.all([old.close(), late.close()]);
}, 180_000);

function idOf({ headers }: { headers: Readonly<Record<string, string>> }): string {
  return headers["webhook-id"] ?? "";
}
