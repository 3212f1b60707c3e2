// What an installation would have to do: a look at the directory, nothing more. On a node where all is as it should be this
// is all that happens, so it reads no more than it must.

import type { OtherConfigs } from "../../config/config.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { isPreferredToOurs, runtimeOrder } from "../../spec/runtime-order.ts";
import { HeadcniError } from "../../sys/errors.ts";
import type { FileOwner } from "../../sys/fs/files.ts";
import { octal } from "../../sys/fs/octal.ts";
import { dirname, join } from "../../sys/fs/path.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import { removedMount } from "../../sys/fs/unwritable.ts";
import type { System } from "../../sys/system.ts";
import { conflistMode } from "../ledger/perform.ts";
import { temporariesIn } from "../ledger/recover.ts";
import { lookAt } from "../ledger/seen.ts";

/** Why our file is, or is not, written: the label of `headcni_conflist_writes_total`. */
export type InstallReason = "same" | "absent" | "content" | "mode" | "owner" | "not-a-file";

export interface InstallDiff {
  readonly reason: InstallReason;
  /** Others' files that must go aside, in the runtime's order. */
  readonly toMoveAside: readonly string[];
  /** Others' files that are preferred to ours and stay, because `otherConfigs` is "keep". */
  readonly keptOthers: readonly string[];
  /** Temporary files that an interrupted run left. */
  readonly temporaries: readonly string[];
}

/**
 * Compares the directory with what is wanted. An absent directory is an empty one.
 * @throws HeadcniError HC_CONFLIST_WRITE when a file stands where the directory belongs, or a directory where our file does;
 *   HC_FILE_READ.
 */
export function diffInstall(
  system: System,
  wanted: Uint8Array,
  { confDir, otherConfigs }: { readonly confDir: string; readonly otherConfigs: OtherConfigs },
): InstallDiff {
  const listed = system.files.list(confDir);
  if (listed === undefined) refuseFileInTheWay(system, confDir);
  if (system.files.stat(confDir)?.links === 0) {
    const message = `Cannot use ${confDir} for CNI configurations: ${removedMount.why}`;
    throw new HeadcniError("HC_CONFLIST_WRITE", message, { hint: removedMount.hint, details: { path: confDir } });
  }
  const names = listed ?? [];
  const preferred = runtimeOrder(names).filter((name) => {
    if (!isPreferredToOurs(name)) return false;
    const kind = system.files.lstat(join(confDir, name))?.kind;
    return kind !== undefined && kind !== "directory";
  });
  const isKept = otherConfigs === "keep";
  return {
    reason: compareOurs(system, join(confDir, conflistFileName), wanted),
    toMoveAside: isKept ? [] : preferred,
    keptOthers: isKept ? preferred : [],
    temporaries: temporariesIn(system, confDir),
  };
}

/**
 * Looks for what keeps the directory from being made: to the kernel, a file in its place is "already exists".
 * @throws HeadcniError HC_CONFLIST_WRITE naming it
 */
export function refuseFileInTheWay({ files }: System, confDir: string): void {
  for (let path = confDir; path !== "/"; path = dirname(path)) {
    const kind = files.stat(path)?.kind ?? files.lstat(path)?.kind;
    if (kind === "directory") return;
    if (kind === undefined) continue;
    const what = kind === "symlink" ? "a link that leads nowhere" : "a file";
    const place = path === confDir ? "it" : path;
    const message = `Cannot use ${confDir} for CNI configurations: ${place} is ${what}, not a folder`;
    const hint = "move it away, or name the folder the runtime reads as cni.confDir";
    throw new HeadcniError("HC_CONFLIST_WRITE", message, { hint, details: { path } });
  }
}

/** Whether there is nothing to do. */
export function isInstalled({ reason, toMoveAside, temporaries }: InstallDiff): boolean {
  return reason === "same" && toMoveAside.length === 0 && temporaries.length === 0;
}

export function isOwnedBy({ uid, gid }: FileOwner, owner: FileOwner): boolean {
  return uid === owner.uid && gid === owner.gid;
}

function compareOurs(system: System, path: string, wanted: Uint8Array): InstallReason {
  const seen = lookAt(system, path);
  if (seen === undefined) return "absent";
  const ours = seen.record;
  if (ours === undefined) {
    const message = `Cannot write the conflist ${path}: a folder of that name is in the way`;
    const hint = "move the folder away; HeadCNI removes nothing that it did not write";
    throw new HeadcniError("HC_CONFLIST_WRITE", message, { hint, details: { path } });
  }
  if (ours.kind !== "file") return "not-a-file";
  if (ours.sha256 !== sha256Hex(wanted)) return "content";
  // An owner can make a file writable, and so decide what root runs.
  if (!isOwnedBy(ours, system.files.owner)) return "owner";
  return ours.mode === octal(conflistMode) ? "same" : "mode";
}
