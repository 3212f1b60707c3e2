// Saves, locks, reads and removes the saved call of one attachment. The file is locked while a call works on its attachment, by the
// call and by the delegate it started, so a DEL that follows a killed ADD waits until the delegate of that ADD has really ended.

import { maxSavedCallBytes } from "../node-state/names.ts";
import type { Clock } from "../sys/clock.ts";
import { errnoOf } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { waitForLock } from "../sys/fs/flock.ts";
import { createLockedFile, type LockedFile, tryLockExisting } from "../sys/fs/locked-file.ts";
import type { AttachmentKey } from "./attachment.ts";
import { decodeSavedCall, encodeSavedCall, type SavedCall, savedCallPath } from "./saved-call.ts";

const pollMs = 5;

/** A saved call under its lock. */
export interface HeldCall extends Disposable {
  /** The lock's descriptor; undefined where another process holds it, or it cannot be had on this host. */
  readonly fd: number | undefined;
  /** Undefined when the file is torn, empty or of another attachment. */
  readonly saved: SavedCall | undefined;
}

export type SaveOutcome =
  | { readonly kind: "saved"; readonly held: HeldCall }
  /** `why` is a sentence's end: `is larger than 1048576 bytes`. */
  | { readonly kind: "too-long"; readonly why: string }
  | { readonly kind: "failed"; readonly path: string; readonly error: unknown };

export type HoldOutcome =
  | { readonly kind: "held"; readonly held: HeldCall }
  | { readonly kind: "absent" }
  /** Another process has kept the lock for all the time there was. */
  | { readonly kind: "busy"; readonly path: string }
  | { readonly kind: "failed"; readonly path: string; readonly error: unknown };

/** Saves a call before its delegate is started, and holds its lock. Makes the directory when it is missing. */
export function saveCall(files: Files, dataDir: string, key: AttachmentKey, call: SavedCall): SaveOutcome {
  const text = encodeSavedCall(key, call);
  if (text.kind === "fault") return { kind: "too-long", why: text.why };
  const path = savedCallPath(dataDir, key);
  const create = (): LockedFile => createLockedFile(files.hostPath(path), text.value);
  try {
    let file: LockedFile;
    try {
      file = create();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
      files.makeDir(dataDir, 0o700);
      file = create();
    }
    return { kind: "saved", held: heldCall(file, call) };
  } catch (error) {
    return { kind: "failed", path, error };
  }
}

export interface HoldCallOptions {
  readonly key: AttachmentKey;
  /** How long to wait for a process that holds the lock. */
  readonly timeoutMs: number;
}

/** Locks the saved call of an attachment, waiting for the process that holds it. */
export async function holdSavedCall(
  { files, clock }: { readonly files: Files; readonly clock: Clock },
  dataDir: string,
  { key, timeoutMs }: HoldCallOptions,
): Promise<HoldOutcome> {
  const path = savedCallPath(dataDir, key);
  const attempt = (): HoldOutcome | undefined => {
    try {
      const tried = tryLockExisting(files.hostPath(path), maxSavedCallBytes);
      if (tried.kind === "held") return undefined;
      if (tried.kind === "absent") return tried;
      return { kind: "held", held: heldCall(tried.file, callOf(tried.file.bytes, key)) };
    } catch (error) {
      return { kind: "failed", path, error };
    }
  };
  return (await waitForLock(attempt, { clock, timeoutMs, pollMs })) ?? { kind: "busy", path };
}

/** As `holdSavedCall`, without the lock; undefined when there is none. @throws HeadcniError HC_FILE_READ */
export function readSavedCall(files: Files, dataDir: string, key: AttachmentKey): HeldCall | undefined {
  const bytes = files.readIfPresent(savedCallPath(dataDir, key), maxSavedCallBytes);
  return bytes === undefined
    ? undefined
    : { fd: undefined, saved: callOf(bytes, key), [Symbol.dispose]: () => undefined };
}

/** Removes the saved call of an attachment that was taken down; none there is fine. Call it under its lock. @throws HeadcniError */
export function removeSavedCall(files: Files, dataDir: string, key: AttachmentKey): void {
  files.remove(savedCallPath(dataDir, key));
}

function heldCall(file: LockedFile, saved: SavedCall | undefined): HeldCall {
  return { fd: file.fd, saved, [Symbol.dispose]: () => file[Symbol.dispose]() };
}

/** The call in a file's bytes, if they are whole and `key`'s. */
function callOf(bytes: Uint8Array, key: AttachmentKey): SavedCall | undefined {
  const content = decodeSavedCall(bytes);
  if (content === undefined) return undefined;
  const { network, containerId, ifname } = content.key;
  const isTheirs = network === key.network && containerId === key.containerId && ifname === key.ifname;
  return isTheirs ? content.call : undefined;
}
