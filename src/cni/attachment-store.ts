// One small file an attachment: what its ADD asked of the delegate, so that DEL and CHECK ask the same even when the node's
// settings have changed since. The file is locked while a call works on its attachment, by the call and by the delegate it
// started, so a DEL that follows a killed ADD waits until the delegate of that ADD has really ended.

import type { AttachmentKey } from "../attachments/attachment.ts";
import { maxSavedCallBytes } from "../node-state/names.ts";
import { type CniVersion, isSupportedVersion } from "../spec/versions.ts";
import { describeError, errnoOf } from "../sys/errors.ts";
import { whyNoLocks } from "../sys/fs/flock.ts";
import { sha256Hex } from "../sys/fs/hash.ts";
import { createLockedFile, type LockedFile, tryLockExisting } from "../sys/fs/locked-file.ts";
import { join } from "../sys/fs/path.ts";
import { isJsonObject, type JsonObject, parseJsonExactly } from "../sys/json.ts";
import { CniError, cniCodes } from "./cni-error.ts";
import { ownType, programNameProblem } from "./network-config.ts";
import type { PluginWorld } from "./plugin-system.ts";

const suffix = ".json";
/** NAME_MAX is 255 bytes, of which a temporary file's name needs some. */
const maxNameLength = 200;
const pollMs = 5;

/** What is saved. */
export interface SavedCall {
  /** The version the delegate answered in: older than the config's when the delegate is. */
  readonly cniVersion: CniVersion;
  readonly delegate: JsonObject;
}

/** A saved call under its lock; `saved` is undefined when the file is torn, empty or of another attachment. */
export interface HeldCall extends Disposable {
  /** The lock's descriptor; undefined where it is held by somebody else, or cannot be had on this host. */
  readonly fd: number | undefined;
  readonly saved: SavedCall | undefined;
}

/**
 * The file of an attachment. Neither a network nor a container ID may hold "@", so the parts cannot run into each other; names too
 * long for a file become a hash, told apart by the "@" no other name starts with.
 */
export function savedCallPath(dataDir: string, { network, containerId, ifname }: AttachmentKey): string {
  const name = `${network}@${containerId}@${ifname}`;
  const isShort = new TextEncoder().encode(name).length <= maxNameLength;
  return join(dataDir, (isShort ? name : `@${sha256Hex(name)}`) + suffix);
}

/**
 * Saves a call before its delegate is started, and holds its lock.
 * @throws CniError 5 when the folder cannot be written.
 */
export function saveCall(world: PluginWorld, dataDir: string, key: AttachmentKey, call: SavedCall): HeldCall {
  const path = savedCallPath(dataDir, key);
  const whyUnlocked = whyNoLocks();
  if (whyUnlocked !== undefined) world.warn(`headcni: calls for one pod are not kept apart here: ${whyUnlocked}\n`);
  // Not indented: deep nesting would make that quadratic in the length of what the runtime sent.
  const text = `${JSON.stringify({ version: 1, ...key, ...call })}\n`;
  if (text.length * 3 > maxSavedCallBytes && new TextEncoder().encode(text).length > maxSavedCallBytes) {
    const message = `Cannot save the delegate config: it is larger than ${maxSavedCallBytes} bytes`;
    throw new CniError(cniCodes.invalidConfig, message, "shorten args, runtimeConfig or delegate in the CNI config");
  }
  const create = (): LockedFile => createLockedFile(world.files.hostPath(path), text);
  try {
    let file: LockedFile;
    try {
      file = create();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      world.files.makeFolder(dataDir, 0o700);
      file = create();
    }
    return { fd: file.fd, saved: call, [Symbol.dispose]: () => file[Symbol.dispose]() };
  } catch (error) {
    const isFolder = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR"].includes(errnoOf(error) ?? "");
    const hint = isFolder ? "the folder is dataDir of the CNI config; make it writable, or name another" : undefined;
    throw new CniError(cniCodes.ioFailure, `Cannot save the delegate config as ${path}: ${describeError(error)}`, hint);
  }
}

/**
 * Locks the saved call of an attachment, waiting for whoever holds it; undefined when there is none.
 * @throws CniError 11 when it stays locked for `timeoutMs`, 5 when it cannot be opened.
 */
export async function holdSavedCall(
  world: PluginWorld,
  dataDir: string,
  { key, timeoutMs }: { readonly key: AttachmentKey; readonly timeoutMs: number },
): Promise<HeldCall | undefined> {
  const path = savedCallPath(dataDir, key);
  const end = world.clock.monotonicMs() + timeoutMs;
  for (;;) {
    const file = tryHold(world, path);
    if (file === undefined) return undefined;
    if (file !== "held")
      return { fd: file.fd, saved: decode(file.bytes, key), [Symbol.dispose]: () => file[Symbol.dispose]() };
    if (world.clock.monotonicMs() >= end) {
      const message = `Another call for ${key.containerId} ${key.ifname} still runs after ${timeoutMs / 1000} s`;
      throw new CniError(cniCodes.tryAgainLater, message, `its processes hold ${path}: fuser ${path} names them`);
    }
    await world.clock.sleep(pollMs);
  }
}

/** As `holdSavedCall`, without the lock. */
export function readSavedCall(world: PluginWorld, dataDir: string, key: AttachmentKey): HeldCall | undefined {
  const bytes = world.files.readIfPresent(savedCallPath(dataDir, key), maxSavedCallBytes);
  return bytes === undefined
    ? undefined
    : { fd: undefined, saved: decode(bytes, key), [Symbol.dispose]: () => undefined };
}

/**
 * Removes the saved call of an attachment that was taken down; none there is fine. Call it under its lock. One that cannot be removed
 * is left to GC with a line for people: the network is gone, which is what the runtime asked for.
 */
export function forgetCall(world: PluginWorld, dataDir: string, key: AttachmentKey): void {
  try {
    world.files.remove(savedCallPath(dataDir, key));
  } catch (error) {
    world.warn(`headcni: ${describeError(error)}\n`);
  }
}

function tryHold(world: PluginWorld, path: string): LockedFile | "held" | undefined {
  try {
    return tryLockExisting(world.files.hostPath(path), maxSavedCallBytes);
  } catch (error) {
    throw new CniError(cniCodes.ioFailure, `Cannot open ${path}: ${describeError(error)}`);
  }
}

/** The call in a file's bytes, if they are whole and `key`'s. */
function decode(bytes: Uint8Array, key: AttachmentKey): SavedCall | undefined {
  const json = decodeFile(bytes);
  if (json === undefined || json.version !== 1) return undefined;
  const isTheirs = json.network === key.network && json.containerId === key.containerId && json.ifname === key.ifname;
  if (!isTheirs || !isSupportedVersion(json.cniVersion) || !isJsonObject(json.delegate)) return undefined;
  if (programNameProblem(json.delegate.type ?? "") !== undefined || json.delegate.type === ownType) return undefined;
  return { cniVersion: json.cniVersion, delegate: json.delegate };
}

function decodeFile(bytes: Uint8Array): JsonObject | undefined {
  try {
    const json: unknown = parseJsonExactly(new TextDecoder().decode(bytes));
    return isJsonObject(json) ? json : undefined;
  } catch {
    // Torn by a power loss: as good as none, and the caller renders anew.
    return undefined;
  }
}
