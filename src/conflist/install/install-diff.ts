// What an installation would have to do: a look at the directory, nothing more. On a node where all is as it should be this
// is all that happens, so it reads no more than it must.

import type { OtherConfigs } from "../../config/config.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { isPreferredToOurs, runtimeOrder } from "../../spec/runtime-order.ts";
import { HeadcniError } from "../../sys/errors.ts";
import type { FileOwner } from "../../sys/fs/files.ts";
import { dirname, join } from "../../sys/fs/path.ts";
import { removedMount } from "../../sys/fs/unwritable.ts";
import type { System } from "../../sys/system.ts";
import { conflistMode } from "../ledger/perform.ts";
import { isOurTemporary } from "../ledger/seen.ts";

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
    temporaries: names.filter(isOurTemporary),
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
    throw new HeadcniError(
      "HC_CONFLIST_WRITE",
      `Cannot use ${confDir} for CNI configurations: ${place} is ${what}, not a folder`,
      { hint: "move it away, or name the folder the runtime reads as cni.confDir", details: { path } },
    );
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
  const info = system.files.lstat(path);
  if (info === undefined) return "absent";
  if (info.kind === "directory") {
    throw new HeadcniError(
      "HC_CONFLIST_WRITE",
      `Cannot write the conflist ${path}: a folder of that name is in the way`,
      {
        hint: "move the folder away; HeadCNI removes nothing that it did not write",
        details: { path },
      },
    );
  }
  if (info.kind !== "file") return "not-a-file";
  if (info.sizeBytes !== wanted.length) return "content";
  const found = system.files.readIfPresent(path, wanted.length + 1);
  if (found === undefined || Buffer.compare(found, wanted) !== 0) return "content";
  // An owner can make a file writable, and so decide what root runs.
  if (!isOwnedBy(info, system.files.owner)) return "owner";
  return info.mode === conflistMode ? "same" : "mode";
}
