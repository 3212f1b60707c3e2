// The saved calls of a network as a whole: which attachments are being worked on right now, and which are left over.

import { maxSavedCallBytes } from "../node-state/names.ts";
import { temporaryTarget } from "../sys/fs/atomic-file.ts";
import type { Files } from "../sys/fs/files.ts";
import { tryLockExisting } from "../sys/fs/locked-file.ts";
import { join } from "../sys/fs/path.ts";
import { isJsonObject } from "../sys/json.ts";
import type { Attachment, AttachmentKey } from "./attachment.ts";
import { decodeSavedCall, parseSavedCallName, type SavedCallContent } from "./saved-call.ts";

/** A file in the directory of saved calls that belongs to the network. */
interface SavedFile {
  readonly path: string;
  /** Undefined for what can be no call any more: a torn file of a hashed name, the temporary file of a killed process. */
  readonly key: AttachmentKey | undefined;
  /** The delegate's IPAM configuration, where it can be read. */
  readonly ipam: unknown;
}

export interface SavedCallsOptions {
  readonly dataDir: string;
  readonly network: string;
}

export interface SavedCallSweepOptions extends SavedCallsOptions {
  readonly isHeld: (attachment: Attachment) => boolean;
  /** Files written at this time or later stay. Milliseconds since the epoch. */
  readonly keepSinceMs: number;
}

/** One that is whole or torn. */
export interface ListedCall {
  /** Undefined where its name is a hash and its content torn. */
  readonly key: AttachmentKey | undefined;
  /** Milliseconds since the epoch. */
  readonly writtenAtMs: number;
}

/** Those of all networks. */
export function listSavedCalls(files: Files, dataDir: string): readonly ListedCall[] {
  return (files.list(dataDir) ?? []).flatMap((name): readonly ListedCall[] => {
    const path = join(dataDir, name);
    const parsed = parseSavedCallName(name);
    const info = parsed === undefined ? undefined : files.lstat(path);
    if (parsed === undefined || info === undefined) return [];
    if (parsed.kind === "named") return [{ key: parsed.key, writtenAtMs: info.mtimeMs }];
    const read = readContent(files, path);
    return [{ key: read.kind === "read" ? read.content?.key : undefined, writtenAtMs: info.mtimeMs }];
  });
}

/** The attachments some call, or a delegate that outlived its call, is working on at this moment. */
export function busyAttachments(files: Files, options: SavedCallsOptions): readonly Attachment[] {
  return savedFiles(files, options).flatMap(({ path, key }) => {
    if (key === undefined) return [];
    const attempt = tryLockExisting(files.hostPath(path), 0);
    if (attempt.kind === "locked") attempt.file[Symbol.dispose]();
    return attempt.kind === "held" ? [key] : [];
  });
}

/** The directories host-local keeps this network's leases in, as far as saved calls name one of their own. */
export function savedLeaseDirs(files: Files, options: SavedCallsOptions): readonly string[] {
  return savedFiles(files, options).flatMap(({ ipam }) =>
    isJsonObject(ipam) && typeof ipam.dataDir === "string" && ipam.dataDir.startsWith("/") ? [ipam.dataDir] : [],
  );
}

/**
 * Removes saved calls whose attachment is not held, and temporary files no process writes any more. Gives the paths.
 * @throws HeadcniError HC_FILE_WRITE when one cannot be removed.
 */
export function sweepSavedCalls(files: Files, sweep: SavedCallSweepOptions): readonly string[] {
  return savedFiles(files, sweep)
    .filter(({ key }) => key === undefined || !sweep.isHeld(key))
    .filter(({ path }) => removeUnlessBusy(files, path, sweep.keepSinceMs))
    .map(({ path }) => path);
}

function removeUnlessBusy(files: Files, path: string, keepSinceMs: number): boolean {
  const info = files.lstat(path);
  if (info === undefined || info.mtimeMs >= keepSinceMs) return false;
  // The plugin makes no links, so with the attachment of its name gone the link belongs to nothing.
  if (info.kind === "symlink") {
    files.remove(path);
    return true;
  }
  const attempt = tryLockExisting(files.hostPath(path), 0);
  if (attempt.kind !== "locked") return false;
  using _lock = attempt.file;
  files.remove(path);
  return true;
}

function savedFiles(files: Files, { dataDir, network }: SavedCallsOptions): readonly SavedFile[] {
  return (files.list(dataDir) ?? []).flatMap((name): readonly SavedFile[] => {
    const path = join(dataDir, name);
    const target = temporaryTarget(name);
    const parsed = parseSavedCallName(target ?? name);
    if (parsed === undefined || (parsed.kind === "named" && parsed.network !== network)) return [];
    if (target !== undefined) return [{ path, key: undefined, ipam: undefined }];
    const read = readContent(files, path);
    const content = read.kind === "read" ? read.content : undefined;
    if (parsed.kind === "named") return [{ path, key: parsed.key, ipam: content?.ipam }];
    // A hashed name tells the network only by its content; a torn file can be no other network's call either.
    if (read.kind === "unreadable" || (content !== undefined && content.key.network !== network)) return [];
    return [{ path, key: content?.key, ipam: content?.ipam }];
  });
}

type ContentReading =
  /** Undefined: the file is torn. */
  | { readonly kind: "read"; readonly content: SavedCallContent | undefined }
  /** It cannot be read, is no regular file or too long: no call of ours. */
  | { readonly kind: "unreadable" };

function readContent(files: Files, path: string): ContentReading {
  try {
    const bytes = files.readIfPresent(path, maxSavedCallBytes);
    return bytes === undefined ? { kind: "unreadable" } : { kind: "read", content: decodeSavedCall(bytes) };
  } catch {
    // Whatever it is, it must not keep the leases of others from being freed.
    return { kind: "unreadable" };
  }
}
