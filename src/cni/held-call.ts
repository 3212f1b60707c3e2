// The saved call of the attachment a call is for: what the store answers, as the errors and warnings of the CNI specification.

import type { AttachmentKey } from "../attachments/attachment.ts";
import type { SavedCall } from "../attachments/saved-call.ts";
import * as store from "../attachments/saved-call-store.ts";
import { describeError, errnoOf } from "../sys/errors.ts";
import { whyNoLocks } from "../sys/fs/flock.ts";
import { CniError, cniCodes } from "./cni-error.ts";
import type { PluginSystem } from "./plugin-system.ts";

/**
 * Saves a call before its delegate is started, and holds its lock.
 * @throws CniError 5 when the directory cannot be written, 7 when the call is too long.
 */
export function saveCall(system: PluginSystem, dataDir: string, key: AttachmentKey, call: SavedCall): store.HeldCall {
  const whyUnlocked = whyNoLocks();
  if (whyUnlocked !== undefined) system.warn(`headcni: calls for one pod are not kept apart here: ${whyUnlocked}\n`);
  const outcome = store.saveCall(system.files, dataDir, key, call);
  switch (outcome.kind) {
    case "saved":
      return outcome.held;
    case "too-long": {
      const message = `Cannot save the delegate config: it ${outcome.why}`;
      throw new CniError(cniCodes.invalidConfig, message, "shorten args, runtimeConfig or delegate in the CNI config");
    }
    case "failed": {
      const { path, error } = outcome;
      const isDir = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT", "ENOTDIR"].includes(errnoOf(error) ?? "");
      const hint = isDir ? "the folder is dataDir of the CNI config; make it writable, or name another" : undefined;
      const message = `Cannot save the delegate config as ${path}: ${describeError(error)}`;
      throw new CniError(cniCodes.ioFailure, message, hint);
    }
  }
}

/**
 * Locks the saved call of an attachment, waiting for the process that holds it; undefined when there is none.
 * @throws CniError 11 when it stays locked for `timeoutMs`, 5 when it cannot be opened.
 */
export async function holdSavedCall(
  system: PluginSystem,
  dataDir: string,
  options: store.HoldCallOptions,
): Promise<store.HeldCall | undefined> {
  const outcome = await store.holdSavedCall(system, dataDir, options);
  switch (outcome.kind) {
    case "held":
      return outcome.held;
    case "absent":
      return undefined;
    case "busy": {
      const { key, timeoutMs } = options;
      const { path } = outcome;
      const message = `Another call for ${key.containerId} ${key.ifname} still runs after ${timeoutMs / 1000} s`;
      throw new CniError(cniCodes.tryAgainLater, message, `its processes hold ${path}: fuser ${path} names them`);
    }
    case "failed":
      throw new CniError(cniCodes.ioFailure, `Cannot open ${outcome.path}: ${describeError(outcome.error)}`);
  }
}

/**
 * Removes the saved call of an attachment that was taken down. One that cannot be removed is left to GC with a line for people: the
 * network is gone, which is what the runtime asked for.
 */
export function forgetCall(system: PluginSystem, dataDir: string, key: AttachmentKey): void {
  try {
    store.removeSavedCall(system.files, dataDir, key);
  } catch (error) {
    system.warn(`headcni: ${describeError(error)}\n`);
  }
}
