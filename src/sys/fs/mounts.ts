// The mount a path lies on, as the kernel tells it, and whether it still shows what has the name on the host: in a container a mount
// shows the directory that it was made for, also when another has its name by now.

import * as fs from "node:fs";
import { expected } from "../errors.ts";
import type { Log } from "../log/log.ts";
import type { Files } from "./files.ts";
import { removedMount } from "./unwritable.ts";

export interface Mount {
  /** The same as long as it is the same mount. */
  readonly id: string;
  /** Where it is mounted, on this machine. */
  readonly mountPoint: string;
  /** The directory of its file system that it shows, under the name that this has now. */
  readonly root: string;
  /** Whether that directory has been removed. */
  readonly isRemoved: boolean;
}

/** What the kernel writes behind the name of a directory that has none any more. */
const removed = "//deleted";

/** The mount that `hostPath` lies on; undefined where /proc does not say. */
export function mountOf(hostPath: string): Mount | undefined {
  let text: string;
  try {
    text = fs.readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return undefined;
  }
  return findMount(text, hostPath);
}

/** @param mountinfo /proc/PID/mountinfo: of two mounts at one place the later lies over the earlier */
export function findMount(mountinfo: string, hostPath: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of mountinfo.split("\n")) {
    const [id = "", , , root = "", mountPoint = ""] = line.split(" ").map(unquote);
    const isAbove = mountPoint === "/" || hostPath === mountPoint || hostPath.startsWith(`${mountPoint}/`);
    if (mountPoint === "" || !isAbove || mountPoint.length < (found?.mountPoint.length ?? 0)) continue;
    const isRemoved = root.endsWith(removed);
    found = { id, mountPoint, root: isRemoved ? root.slice(0, -removed.length) : root, isRemoved };
  }
  return found;
}

/** Space, tab, newline and backslash stand in it as three octal digits. */
function unquote(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));
}

interface FilesAndLog {
  readonly files: Files;
  readonly log: Log;
}

/** Path → the mount it lay on at the first look. */
export type KnownMounts = ReadonlyMap<string, Mount>;

export interface LostDir {
  readonly path: string;
  /** The end of a sentence that begins with the path and a colon. */
  readonly why: string;
}

/** @param known those of the last look; a directory that is renamed is told by its earlier name alone */
export function lookAtMounts(machine: FilesAndLog, dirs: readonly string[], known: KnownMounts) {
  const mounts = new Map(known);
  const lost = dirs.flatMap((path): readonly LostDir[] => {
    const mount = tryMountOf(machine, path);
    if (mount === undefined) return [];
    if (mount.isRemoved || isUnlinked(machine, path)) return [{ path, why: removedMount.why }];
    const before = mounts.get(path);
    if (before?.id !== mount.id) mounts.set(path, mount);
    else if (before.root !== mount.root)
      return [{ path, why: `it is a mount of the host's folder ${before.root}, which is now ${mount.root} there` }];
    return [];
  });
  return { lost, mounts };
}

/** Undefined on the file system of the root, where a path leads to what has its name. */
function tryMountOf({ files, log }: FilesAndLog, path: string): Mount | undefined {
  try {
    const mount = mountOf(files.hostPath(path));
    return mount?.mountPoint === "/" ? undefined : mount;
  } catch (error) {
    expected(error);
    log.debug(error.message);
    return undefined;
  }
}

function isUnlinked({ files, log }: FilesAndLog, path: string): boolean {
  try {
    return files.stat(path)?.links === 0;
  } catch (error) {
    expected(error);
    log.debug(error.message);
    return false;
  }
}
