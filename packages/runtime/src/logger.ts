import type { Writable } from "node:stream";
import { type Logger as PinoLogger, pino, stdSerializers } from "pino";
import { prettyStream } from "./pretty-stream.ts";

/** A structured logger: `log.info({ key: value }, "what happened")`. */
export type Logger = PinoLogger;

/** How a process logs. */
export interface LoggerOptions {
  /** Stands in every line: the service's name. */
  readonly name: string;
  /** trace, debug, info, warn, error, fatal or silent. Default: info. */
  readonly level?: string;
  /** Lines for people instead of JSON. */
  readonly pretty?: boolean;
  /** Default: standard output. */
  readonly destination?: Writable;
}

const secretKeys = [
  "authorization",
  "Authorization",
  '["proxy-authorization"]',
  "cookie",
  '["set-cookie"]',
  "password",
  "secret",
  "secrets",
  "serviceKey",
  "masterKey",
  "apiKey",
];

/** Secrets are struck out on the top level of a line and up to two levels down. */
const redactedPaths = secretKeys.flatMap((key) => {
  const tail = key.startsWith("[") ? key : `.${key}`;
  return [key, `*${tail}`, `*.*${tail}`];
});

/** Gives a logger that writes JSON lines, errors with their causes, and no secret by a known name. */
export function logger({ name, level = "info", pretty = false, ...rest }: LoggerOptions): Logger {
  const destination = rest.destination ?? pino.destination({ fd: 1, sync: true });
  return pino(
    {
      name,
      level,
      redact: { paths: redactedPaths, censor: "[redacted]" },
      serializers: { err: stdSerializers.errWithCause, error: stdSerializers.errWithCause },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pretty ? prettyStream(destination) : destination,
  );
}
