// Hears of changes in a folder, also when the folder is deleted, replaced or not there yet. A watch on a deleted folder
// stays silent for ever, so every folder above it is watched too, each for the one name that leads to it.
// Events can still be lost (a mount over the folder, a full queue): whoever must not miss any looks by itself now and then.

import * as fs from "node:fs";
import { describeError, errnoOf } from "../errors.ts";
import type { Log } from "../log/log.ts";
import type { Files } from "./files.ts";
import { basename, dirname } from "./path.ts";

/**
 * Calls `onChange` after something in the folder `path` (a node path) changed, or the folder itself came or went,
 * until `signal` aborts. `name` is the entry that changed, undefined when any may have. Calls come in bursts and may
 * be spurious: debounce, then look.
 */
export type WatchFolder = (path: string, onChange: (name: string | undefined) => void, signal: AbortSignal) => void;

/** The kernel's limits on watching, by what it says when one is reached. They are for all folders alike. */
const limits: Readonly<Record<string, string>> = {
  EMFILE: "fs.inotify.max_user_instances",
  ENOSPC: "fs.inotify.max_user_watches",
};
/** Logs that have been told of a limit: one is enough, however many folders and watches there are. */
const toldOfLimit = new WeakSet<Log>();

/** The watch of a machine whose paths lie under `files.root`. What cannot be watched is logged once and left to polling. */
export function createWatchFolder(files: Files, log: Log): WatchFolder {
  return (path, onChange, signal) => {
    if (signal.aborted) return;
    let watchers: fs.FSWatcher[] = [];
    let hasWarned = false;
    const close = (): void => {
      for (const watcher of watchers) watcher.close();
      watchers = [];
    };
    const fail = (error: unknown): void => {
      const errno = errnoOf(error);
      if (hasWarned || errno === "ENOENT" || errno === "ENOTDIR") return;
      hasWarned = true;
      const limit = limits[errno ?? ""];
      if (limit !== undefined) {
        if (toldOfLimit.has(log)) return;
        toldOfLimit.add(log);
        log.warn(`Cannot watch folders for changes: the kernel's limit ${limit} is reached`, {
          hint: `changes are noticed later, by polling; raise it with sysctl -w ${limit}=NUMBER and restart`,
        });
        return;
      }
      log.warn(`Cannot watch ${path}: ${describeError(error)}`, {
        hint: "changes there are noticed later, by polling",
      });
    };
    /** Watches `folder` for one name, or for all; false when it cannot be (most often: it is not there). */
    const watch = (folder: string, listener: (name: string | undefined) => void): boolean => {
      try {
        const watcher = fs.watch(folder, (_event, name) => listener(name ?? undefined));
        watcher.on("error", fail);
        watchers.push(watcher);
        return true;
      } catch (error) {
        fail(error);
        return false;
      }
    };
    const rearm = (): void => {
      close();
      if (signal.aborted) return;
      // From the top down: what appears below a folder already watched is heard of, so nothing slips between two steps.
      for (const { folder, next } of chain(path)) {
        const isArmed = watch(hostPath(files, folder), (name) => {
          if (signal.aborted) return;
          if (next === undefined) onChange(name);
          else if (name === undefined || name === next) {
            rearm();
            onChange(undefined);
          }
        });
        if (!isArmed) return;
      }
    };
    signal.addEventListener("abort", close, { once: true });
    rearm();
  };
}

/** The folders from "/" down to `path`, each with the name in it that leads on; none for `path` itself. */
function chain(path: string): { folder: string; next: string | undefined }[] {
  const links: { folder: string; next: string | undefined }[] = [{ folder: path, next: undefined }];
  for (let at = path; at !== "/"; at = dirname(at)) links.unshift({ folder: dirname(at), next: basename(at) });
  return links;
}

/** Where a folder lies now; one that leads nowhere (a loop of links) is left as it is written, and fails to arm. */
function hostPath(files: Files, folder: string): string {
  try {
    return files.hostPath(folder);
  } catch {
    return folder;
  }
}
