import { oneProcess } from "../harness/posthorn.ts";
import { userStories } from "./user-stories.ts";

userStories("one process with the Postgres log", () => oneProcess());
