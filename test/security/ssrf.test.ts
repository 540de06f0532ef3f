import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rowsOf } from "../../packages/egress/test/ssrf-table.ts";
import { oneProcess } from "../harness/posthorn.ts";
import { expectRefused, prepare, send, type Workspace, workspaceOf } from "./scene.ts";

let posthorn: Awaited<ReturnType<typeof oneProcess>>;
let at: Workspace;

beforeAll(async () => {
  // An address that nothing has, so that the loopback of the demo is not allowed either.
  const env = { POSTHORN_EGRESS_ALLOW: "198.18.0.1/32", POSTHORN_ALLOW_HTTP: "0" };
  posthorn = await oneProcess({ env });
  await prepare(posthorn);
  // More webhooks than a workspace has by default.
  const changed = await send(posthorn, "PATCH", "/v1/provider", {
    body: { webhooksPerWorkspaceMax: 1_000 },
  });
  expect(changed.status, changed.text).toBe(200);
  at = await workspaceOf(posthorn);
}, 120_000);

afterAll(() => posthorn?.stop());

const create = (body: object) => send(posthorn, "POST", `${at.path}/webhooks`, { body });
const webhook = "https://example.com/hook";

describe("the wall before webhooks' URLs", () => {
  const rows = rowsOf("V");
  const refused = rows.filter(({ verdict }) => verdict === "refuse");
  const allowed = rows.filter(({ verdict }) => verdict === "allow");

  it.each(refused)("$id refuses $input, new and in place of another", async ({ input }) => {
    const answer = await at.leavesNothing(() => create({ url: input }));
    expectRefused(answer, { status: 400, reason: "INVALID", field: "webhook.url" });
    const { id } = (await create({ url: webhook })).body;
    const path = `${at.path}/webhooks/${id}`;
    const patched = await send(posthorn, "PATCH", path, { body: { url: input } });
    expectRefused(patched, { status: 400, reason: "INVALID", field: "webhook.url" });
    expect((await send(posthorn, "GET", path)).body).toMatchObject({ url: webhook });
    await send(posthorn, "DELETE", path);
  });

  it.each(allowed)("$id allows $input", async ({ input }) => {
    expect(await create({ url: input })).toMatchObject({ status: 200 });
  });
});

describe("the wall before webhooks' headers", () => {
  const names = (id: string) =>
    rowsOf("H")
      .find((row) => row.id === id)
      ?.input.split(", ") ?? [];
  const ours = ["H02", "H05", "H06"].flatMap(names).map((name) => name.replace(/\(.*\)|\*/g, "x"));
  const values = ["a\r\nHost: evil", "a\u0000", "é", "✓"];

  it.each([...ours, "", "X A", "X-A:", "X-A\r\n"])("refuses the name %j", async (name) => {
    const answer = await at.leavesNothing(() => create({ url: webhook, headers: { [name]: "1" } }));
    const field = `webhook.headers[${JSON.stringify(name)}]`;
    expectRefused(answer, { status: 400, reason: "INVALID", field });
  });

  it.each(values)("H03 H07 refuses the value %j", async (value) => {
    const answer = await at.leavesNothing(() =>
      create({ url: webhook, headers: { "X-A": value } }),
    );
    expectRefused(answer, { status: 400, reason: "INVALID" });
    expect(answer.text).not.toContain(value);
  });

  it("H09 takes a key for the receiver and shows it masked", async () => {
    const made = await create({ url: webhook, headers: { Authorization: "Bearer abc" } });
    expect(made.body).toMatchObject({ headers: { Authorization: "***" } });
  });
});
