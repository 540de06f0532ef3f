import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cuttable, eventually, freePort, receiver } from "@posthorn/testkit";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from "vitest";
import { bundledPosthorn, type Cli, cli } from "../harness/cli.ts";
import { oneProcess } from "../harness/posthorn.ts";

let posthorn: Awaited<ReturnType<typeof oneProcess>>;
let acme: Cli;
let command: readonly string[];
const bundle = mkdtempSync(join(tmpdir(), "posthorn-bundle-"));
let count = 0;

beforeAll(async () => {
  command = bundledPosthorn(bundle);
  posthorn = await oneProcess();
  acme = cli(
    {
      POSTHORN_SERVER: posthorn.url,
      POSTHORN_API_KEY: posthorn.operatorKey,
      POSTHORN_WORKSPACE: "acme",
    },
    command,
  );
});
afterAll(async () => {
  acme?.[Symbol.dispose]();
  await posthorn?.stop();
  rmSync(bundle, { recursive: true, force: true });
});

/** A workspace of its own, by the operator's key. */
function workspace() {
  count += 1;
  const name = `cli-${count}`;
  return { name, on: { env: { POSTHORN_WORKSPACE: name } } };
}

function file(name: string, text: string): string {
  writeFileSync(join(acme.folder, name), text);
  return name;
}

/** A command line that has logged in to nothing yet. */
function stranger(): Cli {
  const made = cli({ POSTHORN_SERVER: posthorn.url }, command);
  onTestFinished(() => made[Symbol.dispose]());
  return made;
}

describe("logging in", () => {
  it("keeps both keys of npm start, in a file that only its owner reads", async () => {
    const me = stranger();
    const adminKey = readFileSync(join(posthorn.dataDir, "admin-key"));
    writeFileSync(join(me.folder, "admin-key"), adminKey);
    writeFileSync(join(me.folder, "operator-key"), posthorn.operatorKey);
    const args = ["login", "--data-dir", ".", "--workspace", "acme"];
    const login = await me([...args, "--server", posthorn.url]);
    expect(login).toMatchObject({ exitCode: 0, stderr: "" });
    expect(login.stdout).toContain("An operator's key of the provider demo");
    expect(statSync(join(me.folder, "profiles.json")).mode & 0o777).toBe(0o600);
    const whoami = await me(["whoami", "--json"], { env: { POSTHORN_SERVER: "" } });
    expect(whoami.json).toMatchObject({
      server: posthorn.url,
      level: "operator",
      provider: "demo",
      workspace: "acme",
    });
    const providers = await me(["providers", "list", "--json"]);
    expect(providers.json.providers).toMatchObject([{ name: "demo" }]);
  });

  it("sends a kept key to no other server", async () => {
    const me = stranger();
    await me(["login", "--key-file", "-"], { stdin: posthorn.operatorKey });
    const elsewhere = await me([
      "webhooks",
      "list",
      "--server",
      "http://127.0.0.1:1",
      "-w",
      "acme",
    ]);
    expect(elsewhere).toMatchObject({
      exitCode: 4,
      stderr: expect.stringContaining("A key to http://127.0.0.1:1 is needed"),
    });
  });

  it("refuses a wrong key, and keeps nothing", async () => {
    const me = stranger();
    const login = await me(["login", "--key-file", "-"], { stdin: "ph_wrong\n" });
    expect(login).toMatchObject({ exitCode: 4, stdout: "" });
    expect(login.stderr).toMatch(/^the key is unknown, revoked or expired\. Give another: .*\n$/);
    expect((await me(["profiles", "list", "--json"])).json.profiles).toEqual([]);
  });

  it("refuses a file of keys that others may read", async () => {
    const me = stranger();
    await me(["login", "--key-file", "-"], { stdin: posthorn.operatorKey });
    chmodSync(join(me.folder, "profiles.json"), 0o644);
    const whoami = await me(["whoami"]);
    expect(whoami).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("chmod 600") });
  });
});

describe("webhooks", () => {
  it("are registered, shown, changed, paused, resumed, rotated and deleted", async () => {
    const { on } = workspace();
    const made = await acme(
      [
        "webhooks",
        "register",
        "--name=My Webhook",
        "--on=order.status.changed",
        "--url=https://example.com/hooks",
        "--json",
      ],
      on,
    );
    expect(made).toMatchObject({ exitCode: 0, stderr: "" });
    expect(made.json).toMatchObject({
      name: "My Webhook",
      eventTypes: ["order.status.changed"],
      state: "ACTIVE",
    });
    const { id, secret } = made.json;
    expect(secret).toMatch(/^whsec_/);
    const list = await acme(["webhooks", "list"], on);
    expect(list.stdout).toMatch(/^ID +NAME +STATE +ON +URL +FAILING\n/);
    expect(list.stdout).toMatch(
      new RegExp(`${id} +My Webhook +ACTIVE +order.status.changed +https://example.com/hooks`),
    );
    const updated = await acme(
      ["webhooks", "update", id, "--on", "all", "--rate", "5", "--timeout", "10s", "--json"],
      on,
    );
    expect(updated.json).toMatchObject({
      name: "My Webhook",
      rateLimit: { perSecond: 5 },
      timeout: "10s",
    });
    expect(updated.json.eventTypes).toBeUndefined();
    expect((await acme(["webhooks", "pause", id, "--json"], on)).json).toMatchObject({
      state: "PAUSED",
    });
    expect((await acme(["webhooks", "resume", id], on)).stdout).toBe(`The webhook ${id} is on.\n`);
    const rotated = await acme(["webhooks", "rotate", id, "--overlap", "0s"], on);
    expect(rotated.stdout).toMatch(/secret +whsec_\S+ +\(shown this once\)/);
    expect(rotated.stdout).not.toContain(secret);
    const unsure = await acme(["webhooks", "delete", id], on);
    expect(unsure).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("Add --yes") });
    expect((await acme(["webhooks", "delete", id, "--yes"], on)).exitCode).toBe(0);
    expect(await acme(["webhooks", "get", id], on)).toMatchObject({ exitCode: 5, stdout: "" });
  });

  it("are registered with a workspace's key, which says itself where", async () => {
    const key = await acme([
      "keys",
      "create",
      "--workspace",
      "of-a-key",
      "--scope",
      "webhooks,deliveries:read",
      "--json",
    ]);
    const me = stranger();
    await me(["login", "--key-file", "-"], { stdin: key.json.key });
    const made = await me([
      "webhooks",
      "register",
      "--name=W",
      "--on=order.created",
      "--url=https://example.com/",
    ]);
    expect(made).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/secret +whsec_/) });
    expect((await me(["workspaces", "list"])).stderr).toContain("needs an operator key");
  });

  it("are tested; the exit code says whether it went well", async () => {
    const { on } = workspace();
    const target = await receiver({ answers: [204, 500] });
    const made = await acme(
      ["webhooks", "register", "--url", target.url, "--on", "order.created", "--json"],
      on,
    );
    const good = await acme(["webhooks", "test", made.json.id], on);
    expect(good).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("✓ order.created  204"),
    });
    const bad = await acme(["webhooks", "test", made.json.id], on);
    expect(bad).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining("✗ order.created  500"),
    });
  });

  it("are refused with the field that is wrong, in one line", async () => {
    const { on } = workspace();
    const refused = await acme(
      ["webhooks", "register", "--url", "ftp://example.com", "--on", "no.such.type"],
      on,
    );
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^webhook\.url: [^\n]+\n$/);
    const asJson = await acme(["webhooks", "register", "--url", "ftp://x.example", "--json"], on);
    expect(JSON.parse(asJson.stderr).error).toMatchObject({ reason: "invalid", exitCode: 1 });
  });
});

describe("events and deliveries", () => {
  it("an event is published, and its whole story told", async () => {
    const { on } = workspace();
    const target = await receiver({ answers: [500, 200] });
    const args = ["--url", target.url, "--retries", "1d", "--json"];
    const webhook = (await acme(["webhooks", "register", ...args], on)).json.id;
    const data = '{"n": 1.000, "name": "\\u00e9"}';
    const published = await acme(
      ["events", "publish", "--type", "order.created", "--data", data, "--json"],
      on,
    );
    expect(published.stdout).toContain(`"data": ${data}`);
    const { id } = published.json;
    await target.next();
    const event = await eventually(async () => {
      const shown = await acme(["events", "get", id, "--json"], on);
      expect(shown.json.deliveries).toMatchObject([{ webhook, state: "PENDING", failureCount: 1 }]);
      return shown;
    });
    expect(event.stdout).toContain(`"data": ${data}`);
    const delivery = event.json.deliveries[0].id;
    const story = await acme(["deliveries", "show", delivery], on);
    expect(story.stdout).toContain(data);
    expect(story.stdout).toMatch(/✗ attempt 1 .* 500 in \d+ ms/);
    expect(story.stdout).toContain(`webhook-id: ${id}`);
    const again = await acme(["deliveries", "resend", delivery], on);
    expect(again.stdout).toMatch(/^Sent again: dlv_/);
    await target.next();
    expect((await acme(["deliveries", "cancel", delivery], on)).exitCode).toBe(0);
    const list = await acme(["deliveries", "list", "--event", id, "--json"], on);
    expect(list.json.deliveries.map(({ state }: { state: string }) => state).sort()).toEqual([
      "CANCELED",
      "SUCCEEDED",
    ]);
    const explained = await acme(["events", "explain", id], on);
    expect(explained.stdout).toContain(`✓ ${webhook}`);
  });

  it("many are published from a file, in its order, byte by byte", async () => {
    const { on } = workspace();
    const lines = Array.from(
      { length: 230 },
      (_, index) => `{"type":"order.created","data":{"n": ${index}.0}}`,
    );
    const many = file("many.ndjson", `${lines.join("\n")}\n\n`);
    const published = await acme(["events", "publish", many], on);
    expect(published).toMatchObject({ exitCode: 0, stdout: "Published 230 events.\n" });
    const list = await acme(["events", "list", "--limit", "300", "--json"], on);
    expect(list.json.events).toHaveLength(230);
    expect(list.stdout).toContain('"data": {"n": 229.0}');
  });

  it("broken JSON on line 7 of a file is told by that line, and nothing is published", async () => {
    const { on } = workspace();
    const good = '{"type":"order.created","data":{}}';
    const broken = file(
      "broken.ndjson",
      [...Array(6).fill(good), '{"type":"order.created","data":{]}', good].join("\n"),
    );
    const refused = await acme(["events", "publish", broken], on);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.stderr).toBe(
      "broken.ndjson, line 7: not JSON at column 33. Nothing is published.\n",
    );
    const piped = await acme(["events", "publish", "-"], {
      ...on,
      stdin: readFileSync(join(acme.folder, broken), "utf8"),
    });
    expect(piped.stderr).toBe(
      "Standard input, line 7: not JSON at column 33. Nothing is published.\n",
    );
    expect(await acme(["events", "list"], on)).toMatchObject({ exitCode: 5 });
  });

  it("what is refused after others tells how to go on, and going on publishes the rest once", async () => {
    const { on } = workspace();
    const line = (type: string) => `{"type":"${type}","data":{}}`;
    const lines = Array.from({ length: 150 }, () => line("order.created"));
    const half = file("half.ndjson", lines.with(119, line("no.such.type")).join("\n"));
    const refused = await acme(["events", "publish", half], on);
    expect(refused).toMatchObject({ exitCode: 6, stdout: "" });
    expect(refused.stderr).toMatch(
      /^half\.ndjson, line 120: .*no\.such\.type.* 100 events are published, up to line 100: go on with --resume [0-9a-f]{8}:101\.\n$/,
    );
    const [, resume = ""] = /--resume (\S+)\.\n/.exec(refused.stderr) ?? [];
    file("half.ndjson", lines.join("\n"));
    const rest = await acme(["events", "publish", half, "--resume", resume], on);
    expect(rest.stdout).toBe("Published 50 events.\n");
    const again = await acme(["events", "publish", half, "--resume", resume], on);
    expect(again.exitCode).toBe(0);
    const list = await acme(["events", "list", "--limit", "300", "--json"], on);
    expect(list.json.events).toHaveLength(150);
  });

  it("a broken line of standard input, after others are out, tells how to go on", async () => {
    const { on } = workspace();
    const good = '{"type":"order.created","data":{}}';
    const stdin = [...Array(120).fill(good), "{", good].join("\n");
    const refused = await acme(["events", "publish", "-"], { ...on, stdin });
    expect(refused).toMatchObject({ exitCode: 6, stdout: "" });
    expect(refused.stderr).toMatch(
      /^Standard input, line 121: the text ends too early at column 2\. 100 events are published, up to line 100: go on with --resume [0-9a-f]{8}:101\.\n$/,
    );
  });

  it("attempts are watched as they happen", async () => {
    const { on } = workspace();
    const target = await receiver();
    const webhook = (await acme(["webhooks", "register", "--url", target.url, "--json"], on)).json
      .id;
    const watch = acme.start(["deliveries", "watch"], on);
    await watch.says("Watching");
    await eventually(async () => {
      await acme(["events", "publish", "--type", "order.created"], on);
      await watch.says(`order.created → ${webhook}  200`);
    });
    expect((await watch.stop()).exitCode).toBe(0);
  });

  it("what failed is sent again by a replay", async () => {
    const { on } = workspace();
    const target = await receiver({ answers: [500, 200] });
    const args = ["webhooks", "register", "--url", target.url, "--retries", "", "--json"];
    const webhook = (await acme(args, on)).json.id;
    await acme(["events", "publish", "--type", "order.created"], on);
    await eventually(async () => {
      const list = await acme(["deliveries", "list", "--state", "EXHAUSTED", "--json"], on);
      expect(list.json.deliveries).toHaveLength(1);
    });
    const made = await acme(
      ["replays", "create", "--webhook", webhook, "--after", "1h", "--json"],
      on,
    );
    await eventually(async () => {
      const replay = await acme(["replays", "get", made.json.id, "--json"], on);
      expect(replay.json).toMatchObject({ state: "COMPLETED", succeededCount: 1 });
    });
  });
});

describe("listening", () => {
  it("forwards events to this machine, signed with a secret that stays the same", async () => {
    const me = stranger();
    await me(["login", "--key-file", "-", "--workspace", "listening"], {
      stdin: posthorn.operatorKey,
    });
    await me(["webhooks", "register", "--url", "https://example.com/", "--on", "invoice.paid"]);
    const target = await receiver();
    const listen = me.start([
      "listen",
      "--to",
      target.url.replace("http://", ""),
      "--on",
      "order.*",
    ]);
    await listen.says("They are signed (standard) with the secret whsec_");
    const data = '{"n": 1.000}';
    const args = ["events", "publish", "--data", data, "--json", "--type"];
    await me([...args, "invoice.paid"]);
    const { id } = (await me([...args, "order.created"])).json;
    const [request] = await target.next();
    expect(request?.headers).toMatchObject({ "webhook-id": id, "user-agent": "Demo-Webhooks/1.0" });
    expect(request?.body.toString()).toContain(`"data":${data}}`);
    await listen.says(`order.created  ${id}  200`);
    const { stderr, exitCode } = await listen.stop();
    expect(exitCode).toBe(0);
    const [, secret = ""] = /secret (whsec_\S+)/.exec(stderr) ?? [];
    const headers = request?.headers as Record<string, string>;
    expect(() => new Webhook(secret).verify(request?.body ?? "", headers)).not.toThrow();
    expect(readFileSync(join(me.folder, "profiles.json"), "utf8")).toContain(secret);
  });
});

describe("a listener whose connection breaks", () => {
  it("says so, and goes on by itself", async () => {
    const { on } = workspace();
    const path = `/v1/workspaces/${on.env.POSTHORN_WORKSPACE}/events`;
    const publish = () => posthorn.call("POST", path, { type: "order.created", data: {} });
    await publish(); // which makes the workspace
    const way = await cuttable(posthorn.url);
    onTestFinished(() => way.close());
    const target = await receiver();
    const listen = acme.start(["listen", "--to", target.url], {
      env: { ...on.env, POSTHORN_SERVER: way.url },
    });
    await listen.says("Listening");
    way.cut();
    await listen.says("The stream broke: ");
    way.mend();
    await eventually(
      async () => {
        await publish();
        expect(target.requests.length).toBeGreaterThan(0);
      },
      { timeoutMs: 20_000 },
    );
    expect((await listen.stop()).exitCode).toBe(0);
  });
});

describe("providers", () => {
  it("are checked, compared, made and changed by their files", async () => {
    const admin = {
      env: { POSTHORN_API_KEY: readFileSync(join(posthorn.dataDir, "admin-key"), "utf8").trim() },
    };
    const yaml = file("made-up.yaml", "name: made-up\neventTypes:\n  - name: a.b\n");
    expect((await acme(["providers", "validate", yaml], admin)).stdout).toContain("is a good file");
    const made = await acme(["providers", "apply", yaml, "--json"], admin);
    expect(made.json).toMatchObject({
      provider: { name: "made-up" },
      operatorKey: expect.any(String),
    });
    expect((await acme(["providers", "apply", yaml], admin)).stdout).toBe(
      "The provider made-up is as the file has it.\n",
    );
    file("made-up.yaml", "name: made-up\nuserAgent: Made-Up/2\neventTypes:\n  - name: a.b\n");
    expect((await acme(["providers", "diff", yaml], admin)).stdout).toMatch(/userAgent/);
    const wrong = file("wrong.yaml", "name: made-up\nuserAgnet: x\n");
    const refused = await acme(["providers", "validate", wrong], admin);
    expect(refused).toMatchObject({ exitCode: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^wrong\.yaml: .*userAgnet[^\n]*\n$/);
    const asOperator = await acme(["providers", "list"]);
    expect(asOperator).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("admin key") });
  });
});

describe("what is wrong", () => {
  it("is found by doctor, and named", async () => {
    const good = await acme(["doctor", "--json"]);
    expect(good.json).toMatchObject({ ok: true });
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const away = await acme(["doctor"], { env: { POSTHORN_SERVER: nowhere } });
    expect(away).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining("the connection is refused"),
    });
    const wrong = await acme(["doctor"], { env: { POSTHORN_API_KEY: "ph_wrong" } });
    expect(wrong).toMatchObject({ exitCode: 4, stdout: expect.stringContaining("✗ key") });
  });

  test.each([
    [
      "an unreachable server",
      { POSTHORN_SERVER: "http://127.0.0.1:1" },
      3,
      "cannot be reached: the connection is refused",
    ],
    ["a wrong key", { POSTHORN_API_KEY: "ph_wrong" }, 4, "the key is unknown, revoked or expired"],
    ["no key", { POSTHORN_API_KEY: "" }, 4, "is needed: posthorn login, or POSTHORN_API_KEY"],
    ["a server that is none", { POSTHORN_SERVER: "nonsense" }, 2, "must be a URL"],
  ])("%s is told in one line, with its exit code", async (_, env, exitCode, words) => {
    const run = await acme(["webhooks", "list"], { env });
    expect(run).toMatchObject({ exitCode, stdout: "" });
    expect(run.stderr).toContain(words);
    expect(run.stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});
