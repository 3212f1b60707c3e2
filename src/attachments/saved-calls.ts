// The calls the plugin saves (`src/cni/attachment-store.ts`), of a network as a whole: which attachments are being worked on right now, and which are left over.

import { maxSavedCallBytes } from "../node-state/names.ts";
import { temporaryTarget } from "../sys/fs/atomic-file.ts";
import type { Files } from "../sys/fs/files.ts";
import { tryLockExisting } from "../sys/fs/locked-file.ts";
import { join } from "../sys/fs/path.ts";
import { isJsonObject, type JsonValue } from "../sys/json.ts";
import type { Attachment, AttachmentKey } from "./attachment.ts";

/** A file in the folder of saved calls that belongs to the network. */
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

export interface SavedCallSweep extends SavedCallsOptions {
  readonly isHeld: (attachment: Attachment) => boolean;
  /** Files written at this time or later stay. Milliseconds since the epoch. */
  readonly keepSinceMs: number;
}

/** The attachments some call, or a delegate that outlived its call, is working on at this moment. */
export function busyAttachments(files: Files, options: SavedCallsOptions): readonly Attachment[] {
  return savedFiles(files, options).flatMap(({ path, key }) => {
    if (key === undefined) return [];
    const file = tryLockExisting(files.hostPath(path), 0);
    if (file === "held") return [key];
    file?.[Symbol.dispose]();
    return [];
  });
}

/** The folders host-local keeps this network's leases in, as far as saved calls name one of their own. */
export function savedLeaseDirs(files: Files, options: SavedCallsOptions): readonly string[] {
  return savedFiles(files, options).flatMap(({ ipam }) =>
    isJsonObject(ipam) && typeof ipam.dataDir === "string" && ipam.dataDir.startsWith("/") ? [ipam.dataDir] : [],
  );
}

/**
 * Removes saved calls whose attachment is not held, and temporary files nobody writes any more. Gives the paths.
 * @throws HeadcniError HC_FILE_WRITE when one cannot be removed.
 */
export function sweepSavedCalls(files: Files, sweep: SavedCallSweep): readonly string[] {
  return savedFiles(files, sweep)
    .filter(({ key }) => key === undefined || !sweep.isHeld(key))
    .filter(({ path }) => removeUnlessBusy(files, path, sweep.keepSinceMs))
    .map(({ path }) => path);
}

function removeUnlessBusy(files: Files, path: string, keepSinceMs: number): boolean {
  const info = files.lstat(path);
  if (info === undefined || info.mtimeMs >= keepSinceMs) return false;
  // Never one of ours, and nobody's any more once the attachment of its name is gone.
  if (info.kind === "symlink") {
    files.remove(path);
    return true;
  }
  const file = tryLockExisting(files.hostPath(path), 0);
  if (file === "held" || file === undefined) return false;
  using _lock = file;
  files.remove(path);
  return true;
}

function savedFiles(files: Files, { dataDir, network }: SavedCallsOptions): readonly SavedFile[] {
  return (files.list(dataDir) ?? []).flatMap((name): readonly SavedFile[] => {
    const path = join(dataDir, name);
    const target = temporaryTarget(name);
    const [named] = (target ?? name).split("@");
    if (!(target ?? name).endsWith(".json") || (named !== network && named !== "")) return [];
    if (target !== undefined) return [{ path, key: undefined, ipam: undefined }];
    const content = readSaved(files, path);
    const ipam = content?.ipam;
    if (named !== "") return [{ path, key: keyOfName(name), ipam }];
    // A hashed name tells the network only by its content.
    if (content === undefined || (content.key !== undefined && content.key.network !== network)) return [];
    return [{ path, key: content.key, ipam }];
  });
}

/** The attachment in a name that is no hash: only an interface's name may hold "@". */
function keyOfName(name: string): AttachmentKey | undefined {
  const [, network, containerId, ifname] = /^([^@]+)@([^@]+)@(.+)\.json$/.exec(name) ?? [];
  return network === undefined || containerId === undefined || ifname === undefined
    ? undefined
    : { network, containerId, ifname };
}

interface SavedContent {
  /** Undefined when the file is torn. */
  readonly key: AttachmentKey | undefined;
  readonly ipam: JsonValue | undefined;
}

/** Undefined for what cannot be read, is no regular file or too long: no call of ours. */
function readSaved(files: Files, path: string): SavedContent | undefined {
  const torn = { key: undefined, ipam: undefined };
  let bytes: Uint8Array | undefined;
  try {
    bytes = files.readIfPresent(path, maxSavedCallBytes);
  } catch {
    // Whatever it is, it must not keep the leases of others from being freed.
    return undefined;
  }
  if (bytes === undefined) return undefined;
  const json = tryParse(new TextDecoder().decode(bytes));
  if (!isJsonObject(json)) return torn;
  const { network, containerId, ifname, delegate } = json;
  if (typeof network !== "string" || typeof containerId !== "string" || typeof ifname !== "string") return torn;
  return { key: { network, containerId, ifname }, ipam: isJsonObject(delegate) ? delegate.ipam : undefined };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Torn by a power loss.
    return undefined;
  }
}
