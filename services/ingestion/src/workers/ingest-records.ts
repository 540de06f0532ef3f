import type { StoredRecord } from "@posthorn/bus";
import { AppError } from "@posthorn/errors";
import { isPassing } from "@posthorn/postgres";
import type { Event } from "@posthorn/proto/posthorn/ingestion/v1/event";
import { PublishEventRequestSchema } from "@posthorn/proto/posthorn/ingestion/v1/publish_service";
import { type Authority, checkMessage, isWellFormedKey } from "@posthorn/rpc";
import type { Logger } from "@posthorn/runtime";
import type { RefusedRecord } from "../domain/dead-letter.ts";
import { keyOfRecord } from "../domain/idempotency.ts";
import { bearsKey, keyBearingHeaders } from "../domain/ingest/api-key.ts";
import { decodeRecord } from "../domain/ingest/decode.ts";
import { headersOf } from "../domain/ingest/headers.ts";
import { requireEvent } from "../domain/require-event.ts";
import { traceparentOf } from "../domain/traceparent.ts";
import type { Accepted, Publisher, Submission } from "../publish/publisher.ts";
import type { IngestSource } from "./ingest-source.ts";

/** What taking records needs. */
export interface IngestRecordsDeps {
  readonly publisher: Publisher;
  readonly authority: Authority;
  readonly log: Logger;
}

/**
 * Publishes records of a source in their order, and gives those that are refused, or that broke
 * us three times alone. Throws what is transient: nothing is decided then, and taking the same
 * records again publishes the same events under the same ids.
 */
export type TakeRecords = (records: readonly StoredRecord[]) => Promise<readonly RefusedRecord[]>;

type Outcome = { readonly accepted: Accepted } | { readonly refused: RefusedRecord };
type WorkspaceIds = Map<string, Promise<string | undefined>>;

const triesAlone = 3;
const appendBytesMax = 2 * 1024 * 1024;

/** Gives the taker of a source's records. */
export function ingestRecords(deps: IngestRecordsDeps, source: IngestSource): TakeRecords {
  const { publisher, authority, log } = deps;
  const { topic, provider, logId } = source;
  return async (records) => {
    try {
      return await takeTogether(records);
    } catch (error) {
      if (isPassing(error)) throw error;
      log.error({ err: error, topic }, "a record broke us: going on one by one");
      return await takeOneByOne(records);
    }
  };

  async function takeTogether(records: readonly StoredRecord[]): Promise<RefusedRecord[]> {
    const workspaceIds: WorkspaceIds = new Map();
    const outcomes = await settled(records.map((record) => decide(record, workspaceIds)));
    const accepted = outcomes.flatMap((outcome) => ("accepted" in outcome ? outcome.accepted : []));
    for (const chunk of chunksOf(accepted)) await publisher.append(chunk);
    return outcomes.flatMap((outcome) => ("refused" in outcome ? outcome.refused : []));
  }

  async function takeOneByOne(records: readonly StoredRecord[]): Promise<RefusedRecord[]> {
    const refused: RefusedRecord[] = [];
    for (const record of records) refused.push(...(await takeAlone(record)));
    return refused;
  }

  async function takeAlone(record: StoredRecord): Promise<RefusedRecord[]> {
    for (let tryCount = 1; ; tryCount += 1) {
      try {
        return await takeTogether([record]);
      } catch (error) {
        if (isPassing(error)) throw error;
        const { partition, offset } = record;
        log.error({ err: error, topic, partition, offset, tryCount }, "a record broke us alone");
        if (tryCount === triesAlone) return [refusedRecord(record, error)];
      }
    }
  }

  async function decide(record: StoredRecord, workspaceIds: WorkspaceIds): Promise<Outcome> {
    try {
      const submission = await submissionOf(record, workspaceIds);
      const [accepted] = await publisher.identify([submission]);
      if (accepted === undefined) throw new Error("a submission was not identified");
      return { accepted };
    } catch (error) {
      if (!(error instanceof AppError) || isPassing(error)) throw error;
      return { refused: refusedRecord(record, error) };
    }
  }

  /** Checks come before the workspace, so that a refused record creates none. */
  async function submissionOf(
    record: StoredRecord,
    workspaceIds: WorkspaceIds,
  ): Promise<Submission> {
    const bearing = keyBearingHeaders(record.headers, isWellFormedKey);
    if (bearing.length > 0) throw bearsKey(bearing);
    const headers = headersOf(record.headers);
    const request = decodeRecord(headers, record.value);
    checkMessage(PublishEventRequestSchema, request);
    const event = await publisher
      .check({ event: requireEvent(request.event), field: "event", provider })
      .catch(waitForProvider);
    return {
      ...(await homeOf(event, request.workspace, workspaceIds)),
      provider,
      event,
      field: "event",
      key: event.idempotencyKey || keyOfRecord({ ...record, topic, logId }),
      traceparent: traceparentOf(headers.get("traceparent") ?? headers.get("ce_traceparent")),
    };
  }

  /** A connection lies in a workspace that is there: what names one creates none. */
  async function homeOf(event: Event, workspace: string, workspaceIds: WorkspaceIds) {
    if (event.connection === "") {
      return { workspaceId: await workspaceIdOf(workspace, workspaceIds) };
    }
    const workspaceId = await (workspaceIds.get(workspace) ?? resolve(workspace, false));
    const connection = await publisher.connect({ event, field: "event" }, workspaceId);
    if (workspaceId === undefined) throw new Error("a connection was found outside any workspace");
    return { workspaceId, connection };
  }

  async function workspaceIdOf(workspace: string, workspaceIds: WorkspaceIds): Promise<string> {
    const resolved = workspaceIds.get(workspace) ?? resolve(workspace, true);
    workspaceIds.set(workspace, resolved);
    const id = await resolved;
    if (id !== undefined) return id;
    throw new AppError("not_found", `workspace ${workspace} was not found`);
  }

  /** A defect over there is no fault of the record: it waits until that is mended. */
  async function resolve(workspace: string, create: boolean): Promise<string | undefined> {
    try {
      return await authority.resolveWorkspace({ provider, workspace, create });
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new AppError("unavailable", "workspaces cannot be resolved now", { cause: error });
    }
  }

  /** The settings name a provider that is not there (yet): its records wait, safe in the log. */
  function waitForProvider(error: unknown): never {
    if (!(error instanceof AppError) || error.reason !== "not_found") throw error;
    const message = `there is no provider ${provider} for the records of ${topic}`;
    throw new AppError("unavailable", message, { cause: error });
  }
}

function refusedRecord(record: StoredRecord, error: unknown): RefusedRecord {
  return { record, error, withoutHeaders: keyBearingHeaders(record.headers, isWellFormedKey) };
}

/** Waits for all, so that nothing goes on behind the back of a retry; then throws what failed. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function* chunksOf(accepted: readonly Accepted[]): Generator<readonly Accepted[]> {
  let chunk: Accepted[] = [];
  let bytes = 0;
  for (const each of accepted) {
    chunk.push(each);
    bytes += each.record.value.length;
    if (bytes < appendBytesMax) continue;
    yield chunk;
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield chunk;
}
