import { afterAll, beforeAll } from "vitest";
import { oneProcess } from "../harness/posthorn.ts";
import { badBodiesTable } from "./bad-bodies.ts";
import { badFilesTable } from "./bad-files.ts";
import { badFramesTable } from "./bad-frames.ts";
import { badHttpTable } from "./bad-http.ts";
import { badValuesTable } from "./bad-values.ts";
import { prepare } from "./scene.ts";

let posthorn: Awaited<ReturnType<typeof oneProcess>>;

beforeAll(async () => {
  posthorn = await oneProcess();
  await prepare(posthorn);
}, 120_000);

afterAll(() => posthorn?.stop());

badBodiesTable(() => posthorn);
badValuesTable(() => posthorn);
badFilesTable(() => posthorn);
badFramesTable(() => posthorn);
badHttpTable(() => posthorn);
