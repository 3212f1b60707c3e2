// `headcni conflist render`.

import type { CliContext } from "../context.ts";
import type { NodeFlags } from "./conflist-flags.ts";
import { findWanted } from "./wanted-conflist.ts";

export async function renderCommand(context: CliContext, flags: NodeFlags): Promise<void> {
  const { text } = await findWanted(context, flags);
  context.print(text);
}
