import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, receiver } from "@posthorn/testkit";
import { expect, it } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";

const eventCount = 5_000;
const batchSize = 50;
/** POSTs that can be under way at once, and results that can wait to be written (see Sender). */
const inFlightMax = 64 + 2_000;

it("kill -9 in the midst of 5,000 events loses none that was accepted", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "posthorn-kill-"));
  const target = await receiver();
  const first = await oneProcess({ dataDir });
  const webhooks = "/v1/workspaces/acme/webhooks";
  expect((await first.call("POST", webhooks, { url: target.url })).status).toBe(200);

  const accepted: string[] = [];
  const publishing = publishAll(first, accepted);
  await eventually(() => expect(target.requests.length).toBeGreaterThan(500), {
    timeoutMs: 30_000,
  });
  await first.process.end("SIGKILL");
  await publishing;
  expect(accepted.length).toBeGreaterThan(500);
  expect(accepted.length).toBeLessThan(eventCount);

  const second = await oneProcess({ dataDir, operatorKey: first.operatorKey });
  await eventually(() => expect(missing(accepted, target.requests)).toEqual([]), {
    timeoutMs: 60_000,
  });
  const doubled = target.requests.length - new Set(target.requests.map(idOf)).size;
  console.info(`${accepted.length} accepted, 0 lost, ${doubled} delivered twice`);
  expect(doubled).toBeLessThanOrEqual(inFlightMax);
  await second.stop();
  await target.close();
}, 180_000);

async function publishAll(
  posthorn: Awaited<ReturnType<typeof oneProcess>>,
  accepted: string[],
): Promise<void> {
  const event = { type: "order.created", data: { note: "x".repeat(500) } };
  const events = Array.from({ length: batchSize }, () => event);
  for (let count = 0; count < eventCount; count += batchSize) {
    try {
      const answer = await posthorn.call("POST", "/v1/workspaces/acme/events:batch", { events });
      if (answer.status !== 202) return;
      accepted.push(...answer.body.events.map(({ id }: { id: string }) => id));
    } catch {
      return; // killed
    }
  }
}

function idOf(request: { headers: Readonly<Record<string, string>> }): string {
  return request.headers["webhook-id"] ?? "";
}

function missing(
  accepted: readonly string[],
  requests: readonly { headers: Readonly<Record<string, string>> }[],
): string[] {
  const arrived = new Set(requests.map(idOf));
  return accepted.filter((id) => !arrived.has(id));
}
