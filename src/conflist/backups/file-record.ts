// Telling whether a file is still the one that was recorded.

import { sha256Hex } from "../../sys/fs/hash.ts";
import type { System } from "../../sys/system.ts";
import type { FileRecord } from "./manifest.ts";
import { maxCopyBytes } from "./store.ts";

/** SHA-256 of a regular file (no link), or undefined when there is none, or one too large to be a configuration. */
export function hashOf(system: System, path: string): string | undefined {
  const info = system.files.lstat(path);
  if (info?.kind !== "file" || info.sizeBytes > maxCopyBytes) return undefined;
  return sha256Hex(system.files.read(path, maxCopyBytes));
}

/** Whether `path` has the content (or, a link, the target) and the permission bits of the record. */
export function hasContentOf(system: System, path: string, record: FileRecord): boolean {
  const info = system.files.lstat(path);
  if (info === undefined || info.kind !== record.kind) return false;
  if (record.kind === "symlink") return system.files.readLink(path) === record.target;
  if (info.mode !== record.mode) return false;
  return record.sha256 !== undefined && hashOf(system, path) === record.sha256;
}

/** Whether `path` is the recorded file, untouched since: the same in content and modification time. */
export function isAsRecorded(system: System, path: string, record: FileRecord): boolean {
  const info = system.files.lstat(path);
  if (info === undefined || info.kind !== record.kind || info.mtimeNs !== record.mtimeNs) return false;
  // Too large to be hashed, or no regular file: kind and time are all that is known.
  return record.sha256 === undefined && record.kind !== "symlink" ? true : hasContentOf(system, path, record);
}
