// `headcni conflist diff`.

import { unifiedDiff } from "../../conflist/diff.ts";
import { isInstalled, isOwnedBy } from "../../conflist/install/install-diff.ts";
import { conflistMode } from "../../conflist/ledger/perform.ts";
import { octal } from "../../sys/fs/octal.ts";
import { printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import type { NodeFlags, OutputFlags } from "./conflist-flags.ts";
import { keptLines } from "./shared-output.ts";
import { diffWanted, findWanted, type WantedConflist } from "./wanted-conflist.ts";

/** A conflist has some thirty lines; anything of this size is none. */
const maxBytes = 1 << 20;

export async function diffCommand(context: CliContext, flags: NodeFlags & OutputFlags): Promise<void> {
  const wanted = await findWanted(context, flags);
  const diff = diffWanted(wanted);
  const { reason, toMoveAside, keptOthers } = diff;
  if (!isInstalled(diff)) context.exit(exitCodes.negative.code);
  const patch = reason === "same" || reason === "not-a-file" ? undefined : patchOf(wanted);
  if (flags.output === "json") {
    context.print(printJson({ path: wanted.path, reason, toMoveAside, keptOthers, patch: patch ?? null }));
    return;
  }
  if (reason === "not-a-file") context.print(`${wanted.path} is not a regular file and would be replaced by one\n`);
  else if (reason !== "same")
    context.print(patch ?? `${wanted.path} is too large to be a configuration and would be replaced\n`);
  for (const name of toMoveAside)
    context.print(`${printable(name)} would be moved aside: the runtime prefers it to ours\n`);
  for (const line of keptLines(keptOthers)) context.print(`${line}\n`);
}

/** From our file as it is to the one wanted: mode, owner, lines. Undefined when it is too large to be a conflist. */
function patchOf({ system, path, text }: WantedConflist): string | undefined {
  const { files } = system;
  const info = files.lstat(path);
  if ((info?.sizeBytes ?? 0) > maxBytes) return undefined;
  const bytes = files.readIfPresent(path, maxBytes);
  const before = bytes === undefined ? "" : new TextDecoder().decode(bytes);
  const sides = { from: bytes === undefined ? "/dev/null" : path, to: `${path} (wanted)` };
  const mode =
    info === undefined || info.mode === conflistMode
      ? ""
      : `old mode ${octal(info.mode)}\nnew mode ${octal(conflistMode)}\n`;
  const { owner } = files;
  const ownership =
    info === undefined || isOwnedBy(info, owner)
      ? ""
      : `old owner ${info.uid}:${info.gid}\nnew owner ${owner.uid}:${owner.gid}\n`;
  return `${mode}${ownership}${unifiedDiff(before, text, sides)}`;
}
