import type { GlobalOptions, Session } from "./session.ts";

/** What a command does; gives its exit code, nothing for 0. */
export type Handler<O> = (
  session: Session,
  options: O & GlobalOptions,
  args: readonly string[],
) => Promise<number | undefined> | Promise<void>;

/** Gives the action of a command, which opens a session for it. */
export type Act = <O>(handler: Handler<O>) => (...args: unknown[]) => Promise<void>;
