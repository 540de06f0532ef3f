import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { receiver } from "@posthorn/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { oneProcess, type Posthorn } from "../harness/posthorn.ts";
import { canRunPython, pythonWith } from "./python.ts";

const run = promisify(execFile);
const example = new URL("../../examples/python-grpc", import.meta.url).pathname;

describe.runIf(canRunPython())("examples/python-grpc", () => {
  let posthorn: Posthorn;
  let python: string;
  let stubs: string;

  beforeAll(async () => {
    python = await pythonWith(join(example, "requirements.txt"));
    stubs = mkdtempSync(join(tmpdir(), "posthorn-stubs-"));
    await run(join(example, "generate.sh"), [stubs], { env: { ...process.env, PYTHON: python } });
    posthorn = await oneProcess();
  }, 300_000);
  afterAll(async () => {
    await posthorn?.stop();
    rmSync(stubs, { recursive: true, force: true });
  });

  function publish(...args: readonly string[]) {
    const target = new URL(posthorn.grpcUrl).host;
    const env = {
      ...process.env,
      POSTHORN_KEY: posthorn.operatorKey,
      PYTHONPATH: stubs,
      PYTHONDONTWRITEBYTECODE: "1",
    };
    return run(python, [join(example, "publish.py"), ...args, "--target", target], { env });
  }

  it("publishes an event that arrives with its bytes, once under its key", async () => {
    const target = await receiver();
    const registered = await posthorn.call("POST", "/v1/workspaces/acme/webhooks", {
      url: target.url,
    });
    expect(registered.status, registered.text).toBe(200);
    const data = '{"orderId": "ord_8", "total": 4990}';
    const first = await publish("acme", "order.created", data, "--key", "ord_8-created");
    const again = await publish("acme", "order.created", data, "--key", "ord_8-created");
    expect(first.stdout).toMatch(/^evt_[0-9a-z]{26}\n$/);
    expect(again.stdout).toBe(first.stdout);
    const [request] = await target.next();
    expect(request?.headers["webhook-id"]).toBe(first.stdout.trim());
    expect(request?.body.toString()).toContain(`"data":${data}}`);
    await target.close();
  });

  it("says why an event was refused", async () => {
    const refused = await publish("acme", "no.such.type", "{}").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 1 });
    expect(String((refused as { stderr: string }).stderr)).toMatch(
      /^INVALID_ARGUMENT: event\.type: /,
    );
  });
});
