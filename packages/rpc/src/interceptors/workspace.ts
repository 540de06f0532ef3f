import { type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { Interceptor } from "@connectrpc/connect";
import { type Caller, callerOf, mayCreate, resolveWorkspace } from "../caller.ts";
import { checkEach } from "../stream.ts";

/**
 * Resolves the workspace that a request names in its string field `workspace`, so that
 * `workspaceIdOf` gives it. Creates none: where that may be, the handler decides when, by
 * `ensureWorkspaceOf`. A stream of several messages resolves each in its handler, by
 * `resolveWorkspaceOf`.
 */
export function workspaceInterceptor(): Interceptor {
  const fields = new Map<DescMessage, DescField | undefined>();
  const fieldOf = (message: DescMessage) => {
    if (!fields.has(message)) fields.set(message, workspaceField(message));
    return fields.get(message);
  };
  return (next) => async (request) => {
    const { input, methodKind } = request.method;
    const caller = callerOf(request.contextValues);
    const field = fieldOf(input);
    if (field === undefined || caller === undefined || caller.principal.level === "service") {
      return await next(request);
    }
    const note = (message: Message) => noteWorkspace(caller, input, field, message);
    if (!request.stream) {
      await note(request.message);
      return await next(request);
    }
    if (methodKind !== "server_streaming") return await next(request);
    return await next({ ...request, message: checkEach(request.message, note) });
  };
}

function workspaceField(message: DescMessage): DescField | undefined {
  const field = message.field["workspace"];
  const isText = field?.fieldKind === "scalar" && field.scalar === ScalarType.STRING;
  return isText ? field : undefined;
}

async function noteWorkspace(
  caller: Caller,
  schema: DescMessage,
  field: DescField,
  message: Message,
): Promise<void> {
  const named = reflect(schema, message).get(field);
  if (typeof named !== "string" || named === "") return;
  if (mayCreate(caller)) caller.namedWorkspace = named;
  else caller.workspaceId = await resolveWorkspace(caller, named);
}
