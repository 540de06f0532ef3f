import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { ServiceImpl } from "@connectrpc/connect";
import { AppError, invalid } from "@posthorn/errors";
import {
  type Workspace as WorkspaceMessage,
  WorkspaceSchema,
} from "@posthorn/proto/posthorn/subscription/v1/workspace";
import type { WorkspaceService } from "@posthorn/proto/posthorn/subscription/v1/workspace_service";
import { principalOf, workspaceIdOf } from "@posthorn/rpc";
import { newId } from "@posthorn/runtime";
import { fieldsToUpdate } from "../domain/update-mask.ts";
import { isAlias, type Workspace } from "../domain/workspace.ts";
import {
  deleteWorkspace,
  getWorkspace,
  insertWorkspace,
  listWorkspaces,
  updateDisplayName,
} from "../store/workspaces.ts";
import type { Deps } from "./deps.ts";
import { populatedFields, refuseOutputOnly } from "./output-only.ts";
import { readPage } from "./page.ts";
import { requireFound, requireMessage } from "./require.ts";

const outputOnly = ["id", "create_time", "update_time"];
const rules = {
  prefix: "value",
  writable: ["display_name"],
  fixed: [...outputOnly, "alias"],
} as const;

/** The handlers of WorkspaceService. */
export function workspaceService({ db, pageTokens }: Deps): ServiceImpl<typeof WorkspaceService> {
  return {
    async createWorkspace(request, context) {
      const message = requireMessage(request.workspace, "workspace");
      refuseOutputOnly(WorkspaceSchema, message, { names: outputOnly, prefix: "workspace" });
      const { alias, displayName } = message;
      if (alias !== "" && !isAlias(alias)) {
        throw invalid("workspace.alias", "must not begin with ws_");
      }
      const { provider } = principalOf(context);
      const draft = { provider, id: newId("ws"), alias, displayName };
      return toMessage(await insertWorkspace(db, draft));
    },

    async getWorkspace({ workspace }, context) {
      const { provider } = principalOf(context);
      const found = await getWorkspace(db, { provider, workspaceId: workspaceIdOf(context) });
      return toMessage(requireFound(found, "workspace", workspace));
    },

    async listWorkspaces(request, context) {
      const { provider } = principalOf(context);
      const { items, nextPageToken } = await readPage({
        tokens: pageTokens,
        scope: `workspaces of ${provider}`,
        request,
        list: (before, countMax) => listWorkspaces(db, { provider, before, countMax }),
        positionOf: (workspace) => workspace.id,
      });
      return { workspaces: items.map(toMessage), nextPageToken };
    },

    async updateWorkspace(request, context) {
      const message = requireMessage(request.value, "value");
      const populated = populatedFields(WorkspaceSchema, message);
      const fields = fieldsToUpdate({ paths: request.updateMask?.paths, populated }, rules);
      const key = { provider: principalOf(context).provider, workspaceId: workspaceIdOf(context) };
      const { displayName } = message;
      const workspace = fields.has("display_name")
        ? await updateDisplayName(db, { ...key, displayName })
        : await getWorkspace(db, key);
      return toMessage(requireFound(workspace, "workspace", request.workspace));
    },

    async deleteWorkspace({ workspace }, context) {
      const { provider } = principalOf(context);
      if (!(await deleteWorkspace(db, { provider, workspaceId: workspaceIdOf(context) }))) {
        throw new AppError("not_found", `workspace ${workspace} was not found`);
      }
      return {};
    },
  };
}

function toMessage(workspace: Workspace): WorkspaceMessage {
  return create(WorkspaceSchema, {
    id: workspace.id,
    alias: workspace.alias,
    displayName: workspace.displayName,
    createTime: timestampFromDate(workspace.createdAt),
    updateTime: timestampFromDate(workspace.updatedAt),
  });
}
