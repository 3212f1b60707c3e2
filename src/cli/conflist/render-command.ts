// `headcni conflist render`.

import { type JsonObject, printJson } from "../../sys/json.ts";
import type { CliContext } from "../context.ts";
import type { NodeFlags, OutputFlags } from "./conflist-flags.ts";
import { findWanted, type WantedConflist } from "./wanted-conflist.ts";

export async function renderCommand(context: CliContext, flags: NodeFlags & OutputFlags): Promise<void> {
  const wanted = await findWanted(context, flags);
  context.print(flags.output === "json" ? printJson(encodeWanted(wanted)) : wanted.text);
}

function encodeWanted({ path, text, plan }: WantedConflist): JsonObject {
  const { podCIDRs, source, file, line } = plan.adoption.effective;
  const conflist: JsonObject = JSON.parse(text);
  return {
    path,
    podCIDRs: podCIDRs.list.map(String),
    source: source ?? null,
    file: file ?? null,
    line: line ?? null,
    conflist,
  };
}
