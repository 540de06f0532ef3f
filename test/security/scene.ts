import { expect } from "vitest";
import type { Posthorn } from "../harness/posthorn.ts";
import { withoutHealth } from "./without-health.ts";

/** What a request sends beside its method and path. */
export interface Sent {
  /** Bytes and texts go out as they are, all else as JSON. */
  readonly body?: unknown;
  /** Default: the operator key; null for none. */
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there
  readonly body: any;
}

/** What a refusal has to say. */
export interface Refusal {
  readonly status: number;
  /** Of ErrorInfo. */
  readonly reason: string;
  /** The first field that BadRequest names. */
  readonly field?: string;
  /** What is wrong with that field, for programs. */
  readonly fieldReason?: string;
}

/** Sends one request to a running Posthorn, with the operator key unless told otherwise. */
export async function send(
  posthorn: Pick<Posthorn, "url" | "operatorKey">,
  method: string,
  path: string,
  { body, key = posthorn.operatorKey, headers = {} }: Sent = {},
): Promise<Answer> {
  const answer = await fetch(`${posthorn.url}${path}`, {
    method,
    headers: {
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...headers,
    },
    ...(body !== undefined && { body: toBody(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: parse(text) };
}

function toBody(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Expects a refusal in google.rpc.Status, with its reason and the field that it names. */
export function expectRefused(answer: Answer, refusal: Refusal): void {
  const details: Record<string, unknown>[] = answer.body?.details ?? [];
  const find = (type: string) => details.find((it) => String(it["@type"]).endsWith(type));
  const violations = (find("BadRequest")?.["fieldViolations"] ?? []) as Record<string, string>[];
  const said = {
    status: answer.status,
    reason: find("ErrorInfo")?.["reason"],
    ...(refusal.field !== undefined && { field: violations[0]?.["field"] }),
    ...(refusal.fieldReason !== undefined && { fieldReason: violations[0]?.["reason"] }),
  };
  expect(said, answer.text.slice(0, 500)).toEqual(refusal);
}

/** The event type without a schema that `prepare` makes. */
export const freeType = "free.form";

/** Makes what the tables of bad input are played against: an event type that takes any JSON. */
export async function prepare(posthorn: Posthorn): Promise<void> {
  const made = await send(posthorn, "POST", "/v1/event-types", { body: { name: freeType } });
  expect(made.status, made.text).toBe(200);
}

/** A workspace of its own, in which whatever is refused must leave no trace. */
export interface Workspace {
  readonly id: string;
  /** `/v1/workspaces/ws_...` */
  readonly path: string;
  /** Publishes an event of the type without a schema; `event` adds to it. */
  publish(event?: object): Promise<Answer>;
  /** Runs something and expects all lists to be as they were before. */
  leavesNothing<T>(run: () => Promise<T>): Promise<T>;
}

/** Makes a workspace. */
export async function workspaceOf(posthorn: Posthorn): Promise<Workspace> {
  const get = async (path: string) => {
    const { status, text, body } = await send(posthorn, "GET", path);
    expect(status, text).toBe(200);
    return body;
  };
  const made = await send(posthorn, "POST", "/v1/workspaces", { body: {} });
  expect(made.status, made.text).toBe(200);
  const { id } = made.body;
  const path = `/v1/workspaces/${id}`;
  const publish = (event: object = {}) =>
    send(posthorn, "POST", `${path}/events`, { body: { type: freeType, data: {}, ...event } });
  const listed = [`${path}/webhooks`, "/v1/workspaces", "/v1/event-types", "/v1/api-keys"];
  const listAll = () =>
    Promise.all(listed.map(async (list) => withoutHealth(await get(`${list}?pageSize=250`))));
  /** Lists the newest events before one that is published now, which a read waits for. */
  const settledEvents = async (): Promise<{ events: string[]; marker: string }> => {
    const marker: string = (await publish()).body.id;
    await get(`${path}/events/${marker}`);
    const { events } = await get(`${path}/events?pageSize=20`);
    const ids: string[] = events.map((event: { id: string }) => event.id);
    return { events: ids.filter((it) => it !== marker), marker };
  };
  return {
    id,
    path,
    publish,
    async leavesNothing(run) {
      const { events, marker } = await settledEvents();
      const lists = await listAll();
      const result = await run();
      expect(await listAll()).toEqual(lists);
      const after = await settledEvents();
      expect(after.events).toEqual([marker, ...events].slice(0, after.events.length));
      return result;
    },
  };
}
