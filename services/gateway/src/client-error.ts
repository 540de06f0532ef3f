import type { Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { type HttpProblem, refuseHttp } from "@posthorn/rest";
import { headBytesMax } from "./limits.ts";

/**
 * Answers a request that Node could not read, on its bare connection, and closes it: 408 for one
 * that is too slow, 431 for a head that is too large, else 400.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy(error);
    return;
  }
  const { status, body } = refuseHttp(problemOf(error.code));
  const head = [
    `HTTP/1.1 ${status} ${reasonPhrases[status]}`,
    "content-type: application/json",
    `content-length: ${body.length}`,
    "connection: close",
  ];
  socket.end(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]));
}

const reasonPhrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  408: "Request Timeout",
  431: "Request Header Fields Too Large",
};

function problemOf(code: string | undefined): HttpProblem {
  switch (code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return tooSlow;
    case "HPE_HEADER_OVERFLOW":
      return tooLargeHead;
    default:
      return malformed;
  }
}

const tooSlow: HttpProblem = {
  status: 408,
  code: Code.DeadlineExceeded,
  reason: "DEADLINE",
  message: "the request took too long to arrive",
};

const tooLargeHead: HttpProblem = {
  status: 431,
  code: Code.ResourceExhausted,
  reason: "HEAD_TOO_LARGE",
  message: `a request's head has at most ${headBytesMax} bytes`,
};

const malformed: HttpProblem = {
  status: 400,
  code: Code.InvalidArgument,
  reason: "INVALID",
  message: "the request is no well-formed HTTP",
};
