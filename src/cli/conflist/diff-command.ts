// `headcni conflist diff`.

import { unifiedDiff } from "../../conflist/diff.ts";
import { isInstalled, isOwnedBy } from "../../conflist/install/install-diff.ts";
import { conflistMode } from "../../conflist/ledger/perform.ts";
import { octal } from "../../conflist/precedence.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import type { NodeFlags } from "./conflist-flags.ts";
import { keptLines } from "./shared-output.ts";
import { diffWanted, findWanted } from "./wanted-conflist.ts";

/** A conflist has some thirty lines; anything of this size is none. */
const maxBytes = 1 << 20;

export async function diffCommand(context: CliContext, flags: NodeFlags): Promise<void> {
  const wanted = await findWanted(context, flags);
  const diff = diffWanted(wanted);
  const { reason, toMoveAside, keptOthers } = diff;
  if (reason === "not-a-file") {
    context.print(`${wanted.path} is not a regular file and would be replaced by one\n`);
  } else if ((wanted.system.files.lstat(wanted.path)?.sizeBytes ?? 0) > maxBytes) {
    context.print(`${wanted.path} is too large to be a configuration and would be replaced\n`);
  } else if (reason !== "same") {
    const bytes = wanted.system.files.readIfPresent(wanted.path, maxBytes);
    const before = bytes === undefined ? "" : new TextDecoder().decode(bytes);
    const sides = { from: bytes === undefined ? "/dev/null" : wanted.path, to: `${wanted.path} (wanted)` };
    const info = wanted.system.files.lstat(wanted.path);
    if (info !== undefined && info.mode !== conflistMode)
      context.print(`old mode ${octal(info.mode)}\nnew mode ${octal(conflistMode)}\n`);
    const { owner } = wanted.system.files;
    if (info !== undefined && !isOwnedBy(info, owner))
      context.print(`old owner ${info.uid}:${info.gid}\nnew owner ${owner.uid}:${owner.gid}\n`);
    context.print(unifiedDiff(before, wanted.text, sides));
  }
  for (const name of toMoveAside)
    context.print(`${printable(name)} would be moved aside: the runtime prefers it to ours\n`);
  for (const line of keptLines(keptOthers)) context.print(`${line}\n`);
  if (!isInstalled(diff)) context.exit(exitCodes.negative.code);
}
