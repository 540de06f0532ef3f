/**
 * Writes docs/errors.md from the one table of reasons, packages/errors/src/wire.ts. `gen` runs it.
 *
 * Usage: node --conditions=source scripts/docs-errors.ts <file>
 */
import { writeFileSync } from "node:fs";
import { type Reason, wire } from "../packages/errors/src/index.ts";
import { CodeSchema } from "../packages/proto/src/gen/google/rpc/code_pb.ts";

/** What a reason means, and what its caller does. */
const meanings: Readonly<Record<Reason, { means: string; todo: string }>> = {
  invalid: {
    means: "The request is wrong as it stands; `BadRequest` names each field.",
    todo: "Mend the fields.",
  },
  unauthenticated: {
    means: "There is no key, or it is unknown, revoked or expired.",
    todo: "Use a good key.",
  },
  forbidden: {
    means: "The key is good, but not for this: its level or scopes do not reach.",
    todo: "Use another key.",
  },
  not_found: {
    means: "There is no such object, or it is another tenant's.",
    todo: "Look at the id.",
  },
  exists: { means: "The name is taken.", todo: "Take another, or use what is there." },
  conflict: {
    means: "The object has changed since, or the idempotency key was used for another body.",
    todo: "Read it again, then decide.",
  },
  precondition: {
    means: "The object's state does not allow it, or a limit of the provider is reached.",
    todo: "Change the state first.",
  },
  limited: { means: "Too much in too short a time.", todo: "Wait as `RetryInfo` says." },
  too_large: { means: "The request, or one of its fields, is too large.", todo: "Send less." },
  unavailable: {
    means: "Posthorn or what it needs is down for a while. Of a publish: not confirmed.",
    todo: "Send it again, with the same idempotency key.",
  },
  deadline: {
    means: "The answer was not ready in time. Of a publish: not confirmed.",
    todo: "Send it again, with the same idempotency key.",
  },
};

const reasons = Object.keys(wire) as Reason[];
const [path] = process.argv.slice(2);
if (path === undefined || path === "--help") {
  console.log("Usage: node --conditions=source scripts/docs-errors.ts <file>");
} else {
  writeFileSync(path, text());
}

function text(): string {
  return `# Errors
<!-- Written by scripts/docs-errors.ts: change packages/errors/src/wire.ts or that, then \`npm run gen\`. -->
What is refused says why in the same way on every door. REST answers with the status and, as JSON, a \`google.rpc.Status\`; gRPC, gRPC-Web and Connect carry the same code, message and details.

\`\`\`json
{
  "code": 3,
  "message": "event.type: order.change is not in the provider's catalog",
  "details": [
    { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID", "domain": "posthorn" },
    {
      "@type": "type.googleapis.com/google.rpc.BadRequest",
      "fieldViolations": [
        {
          "field": "event.type",
          "description": "order.change is not in the provider's catalog",
          "reason": "unknown_event_type"
        }
      ]
    }
  ]
}
\`\`\`

Programs branch on \`reason\` of \`ErrorInfo\` (domain \`posthorn\`): several reasons share a status or a code. The list is closed; new reasons come with a new release only.

| reason | HTTP | gRPC and Connect | means | what to do | again unchanged? |
|---|---|---|---|---|---|
${reasons.map(row).join("\n")}

- \`BadRequest\` lists the fields that are wrong, by their JSON path (\`event.data\`, \`events[3].type\`), each with a sentence and, where a program may care, a reason of its own, such as \`duplicate_key\`.
- \`RetryInfo\` tells how long to wait; in REST it is the header \`Retry-After\`, too.
- Every answer bears \`x-request-id\`: yours if you sent one of 1 to 64 letters, digits, dots, underscores or hyphens. Quote it when you ask for help: it stands in the log.
- Another tenant's object is \`NOT_FOUND\`, never \`FORBIDDEN\`. No message repeats a secret or a value that was refused for its form.
- A defect of ours is 500 with the code \`INTERNAL\`, "internal error" with the request id and nothing else; it is in the log with its causes.

HTTP itself refuses some requests before any of this: 404 for an unknown path, 405 for a path's other methods (with \`Allow\`), 408 when a request is too slow to arrive, 413 for a body above 8 MiB, 415 for a body of another type, 431 for a head above 16 KiB or with more than 100 headers. These have the same form; their reasons are \`NOT_FOUND\`, \`METHOD_NOT_ALLOWED\`, \`DEADLINE\`, \`TOO_LARGE\`, \`UNSUPPORTED_MEDIA_TYPE\` and \`HEAD_TOO_LARGE\`.
`;
}

function row(reason: Reason): string {
  const { code, httpStatus, retry } = wire[reason];
  const { means, todo } = meanings[reason];
  const name = CodeSchema.values.find(({ number }) => number === Number(code))?.name;
  if (name === undefined) throw new Error(`there is no gRPC code ${code}`);
  const cells = [`\`${reason.toUpperCase()}\``, httpStatus, `\`${name}\``, means, todo];
  return `| ${[...cells, retry ? "yes" : "no"].join(" | ")} |`;
}
