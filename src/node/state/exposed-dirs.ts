// The daemon's own directories that somebody else can write to: who can put a file there decides what root's daemon and the CNI plugin
// believe of this node.

import { expected } from "../../sys/errors.ts";
import type { FileInfo, FileOwner } from "../../sys/fs/files.ts";
import { octal } from "../../sys/fs/octal.ts";
import type { System } from "../../sys/system.ts";
import { ownDirs } from "./own-dirs.ts";

export interface ExposedDir {
  readonly path: string;
  /** The end of a sentence: `belongs to 1000:1000`, `has mode 0777`. */
  readonly why: string;
  /** The command that mends it. */
  readonly remedy: string;
}

/** Those that another user than root and the daemon's own can write to. One that is not there, or cannot be looked at, is not among them. */
export function exposedDirs({ files, log }: System): readonly ExposedDir[] {
  return ownDirs.flatMap((path) => {
    try {
      const info = files.stat(path);
      return info === undefined ? [] : (exposureOf(path, info, files.owner) ?? []);
    } catch (error) {
      expected(error);
      log.debug(error.message);
      return [];
    }
  });
}

function exposureOf(path: string, { uid, gid, mode }: FileInfo, owner: FileOwner): ExposedDir | undefined {
  const isOwners = uid === 0 || uid === owner.uid;
  const isGroups = gid === 0 || gid === owner.gid;
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isGroups);
  if (isOwners && !isOpen) return undefined;
  const why = [
    ...(isOwners ? [] : [`belongs to ${uid}:${gid}`]),
    ...(isOpen ? [`has mode ${octal(mode)}${isOwners ? ` (owner ${uid}:${gid})` : ""}`] : []),
  ].join(" and ");
  const remedy = [
    ...(isOwners ? [] : [`chown ${owner.uid}:${owner.gid} ${path}`]),
    ...(isOpen ? [`chmod go-w ${path}`] : []),
  ].join(" && ");
  return { path, why, remedy };
}
