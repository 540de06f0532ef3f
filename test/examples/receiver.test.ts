import { once } from "node:events";
import { eventually, freePort } from "@posthorn/testkit";
import { expect, it } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";
import { exampleFolder } from "./example-folder.ts";

it("examples/receiver verifies what Posthorn sends, and refuses another's", async () => {
  const posthorn = await oneProcess();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const webhooks = "/v1/workspaces/acme/webhooks";
  const registered = await posthorn.call("POST", webhooks, { url });
  expect(registered.status, registered.text).toBe(200);
  const example = exampleFolder("receiver");
  const receiver = example.start("receiver.mjs", {
    args: [String(port)],
    env: { WEBHOOK_SECRET: registered.body.secret },
  });
  const ended = once(receiver, "close");
  const output: string[] = [];
  receiver.stdout?.on("data", (chunk) => output.push(String(chunk)));
  await eventually(() => expect(output.join("")).toContain("listening"));

  const event = { type: "order.created", data: { orderId: "ord_1" } };
  const { body } = await posthorn.call("POST", "/v1/workspaces/acme/events", event);
  const line = `verified ${body.id} order.created`;
  await eventually(() => expect(output.join("")).toContain(line));
  const forged = await fetch(url, { method: "POST", body: JSON.stringify(event) });
  expect(forged.status).toBe(401);

  receiver.kill();
  await ended;
  example.remove();
  await posthorn.stop();
}, 90_000);
