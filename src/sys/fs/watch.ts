// Reports changes in a directory, also when the directory is deleted, replaced or not there yet. A watch on a deleted directory
// stays silent for ever, so every directory above it is watched too, each for the one name that leads to it.
// Events can still be lost (a mount over the directory, a full queue): a caller that must not miss any also polls.

import * as fs from "node:fs";
import { describeError, errnoOf } from "../errors.ts";
import type { Log } from "../log/log.ts";
import type { Files } from "./files.ts";
import { basename, dirname, join } from "./path.ts";

/**
 * Calls `onChange` after something in the directory `path` (a node path) changed, or the directory itself came or went,
 * until `signal` aborts. `name` is the entry that changed, undefined when any may have. Calls come in bursts and may
 * be spurious: debounce, then look.
 */
export type WatchDir = (path: string, onChange: (name: string | undefined) => void, signal: AbortSignal) => void;

/** The kernel's limits on watching, by what it says when one is reached. They are for all directories alike. */
const limits: Readonly<Record<string, string>> = {
  EMFILE: "fs.inotify.max_user_instances",
  ENOSPC: "fs.inotify.max_user_watches",
};
/**
 * Of two events of one watch within 2 ms the runtime may swallow the second, whatever name it is of. Once no event has come for this
 * long, the next one is not swallowed.
 */
const quietMs = 5;
/** Logs that hold the warning about a limit: one is enough, however many directories and watches there are. */
const warnedOfLimit = new WeakSet<Log>();

/** The watch of a machine whose paths lie under `files.root`. What cannot be watched is logged once and left to polling. */
export function createWatchDir(files: Files, log: Log): WatchDir {
  return (path, onChange, signal) => {
    if (signal.aborted) return;
    let watchers: fs.FSWatcher[] = [];
    let hasWarned = false;
    const quiet = new Map<string, NodeJS.Timeout>();
    const close = (): void => {
      for (const timer of quiet.values()) clearTimeout(timer);
      quiet.clear();
      for (const watcher of watchers) watcher.close();
      watchers = [];
    };
    const fail = (error: unknown): void => {
      const errno = errnoOf(error);
      if (hasWarned || errno === "ENOENT" || errno === "ENOTDIR") return;
      hasWarned = true;
      const limit = limits[errno ?? ""];
      if (limit !== undefined) {
        if (warnedOfLimit.has(log)) return;
        warnedOfLimit.add(log);
        log.warn("ChangesUnheard", `Cannot watch folders for changes: the kernel's limit ${limit} is reached`, {
          hint: `changes are noticed later, by polling; raise it with sysctl -w ${limit}=NUMBER and restart`,
        });
        return;
      }
      log.warn("ChangesUnheard", `Cannot watch ${path}: ${describeError(error)}`, {
        hint: "changes there are noticed later, by polling",
      });
    };
    /** Watches `dir`; false when it cannot be (most often: it is not there). @param onQuiet called after each burst of events */
    const watch = (dir: string, listener: (name: string | undefined) => void, onQuiet: () => void): boolean => {
      try {
        const watcher = fs.watch(dir, (_event, name) => {
          if (signal.aborted) return;
          clearTimeout(quiet.get(dir));
          quiet.set(dir, setTimeout(onQuiet, quietMs));
          listener(name ?? undefined);
        });
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
      // From the top down: what appears below a directory already watched is reported, so nothing is missed between two steps.
      for (const { dir, next } of chain(path)) {
        const host = hostPath(files, dir);
        const moved = (): void => {
          rearm();
          onChange(undefined);
        };
        const entry = next === undefined ? undefined : join(host, next);
        const armed = identityOf(entry);
        const isArmed = watch(
          host,
          (name) => {
            if (next === undefined) onChange(name);
            else if (name === undefined || name === next) moved();
          },
          () => {
            if (entry === undefined) onChange(undefined);
            else if (identityOf(entry) !== armed) moved();
          },
        );
        if (!isArmed) return;
      }
    };
    signal.addEventListener("abort", close, { once: true });
    rearm();
  };
}

/** What has a name now: a number of its own for each file, directory or link; undefined for nothing. */
function identityOf(path: string | undefined): number | undefined {
  return path === undefined ? undefined : fs.lstatSync(path, { throwIfNoEntry: false })?.ino;
}

/** The directories from "/" down to `path`, each with the name in it that leads on; none for `path` itself. */
function chain(path: string): { dir: string; next: string | undefined }[] {
  const links: { dir: string; next: string | undefined }[] = [{ dir: path, next: undefined }];
  for (let at = path; at !== "/"; at = dirname(at)) links.unshift({ dir: dirname(at), next: basename(at) });
  return links;
}

/** Where a directory lies now; one that leads nowhere (a loop of links) is left as it is written, and fails to arm. */
function hostPath(files: Files, dir: string): string {
  try {
    return files.hostPath(dir);
  } catch {
    return dir;
  }
}
