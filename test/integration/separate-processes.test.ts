import { canRunKafkaBroker } from "@posthorn/testkit";
import { describe } from "vitest";
import { separateProcesses } from "../harness/separate-processes.ts";
import { userStories } from "./user-stories.ts";

describe.runIf(canRunKafkaBroker())("with a broker", () => {
  userStories("separate processes with Kafka", () => separateProcesses());
});
