// Whether a directory can be written to, found out without writing wherever the kernel says so itself.

import * as fs from "node:fs";
import { describeError, errnoOf } from "../errors.ts";
import { removeName, temporaryName } from "./atomic-file.ts";
import { dirname, join } from "./path.ts";
import { refusalHint } from "./refusal.ts";

export interface Unwritable {
  /** The end of a sentence that begins with the directory's path and a colon. */
  readonly why: string;
  readonly hint: string | undefined;
  /** Whether it is gone from the file system and only this process's mount still leads to it: a restart of the container mends it. */
  readonly isRemoved: boolean;
}

/** What a mount whose directory has gone shows, and what mends it. */
export const removedMount = {
  why: "it is a mount of a folder that was removed or replaced on the host",
  hint: "restart the daemon's container, which then gets the folder that is there now",
} as const;

/** As much as a small file takes; what is full refuses it, whatever its block size. */
const probeBytes = 4096;

/**
 * Why nothing can be made in `hostPath`, or, where that does not exist, in the directory above it that does. Undefined when something
 * can. Only a file system that says it is full is tried.
 */
export function whyUnwritable(hostPath: string): Unwritable | undefined {
  try {
    const dir = nearest(hostPath);
    const info = fs.statSync(dir, { throwIfNoEntry: false });
    if (info === undefined) {
      const why = `${dir} is a link to ${fs.readlinkSync(dir)}, which does not exist`;
      return { why, hint: "make that folder, or remove the link", isRemoved: false };
    }
    if (!info.isDirectory()) return { why: `${dir} is not a folder`, hint: "move it away", isRemoved: false };
    if (info.nlink === 0) return { ...removedMount, isRemoved: true };
    fs.accessSync(dir, fs.constants.W_OK | fs.constants.X_OK);
    if (seemsFull(dir)) probe(dir);
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return { why: describeError(error), hint: refusalHint(errno), isRemoved: false };
  }
}

function nearest(path: string): string {
  return path === "/" || isThere(path) ? path : nearest(dirname(path));
}

function isThere(path: string): boolean {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    if (errnoOf(error) === "ENOTDIR") return false;
    throw error;
  }
}

/** Some file systems count no files, or keep blocks for root: this asks for a probe, no more. */
function seemsFull(dir: string): boolean {
  const { bavail, files, ffree } = fs.statfsSync(dir);
  return bavail === 0 || (files > 0 && ffree === 0);
}

function probe(dir: string): void {
  const path = join(dir, temporaryName("probe"));
  const fd = fs.openSync(path, "wx", 0o600);
  try {
    fs.writeSync(fd, new Uint8Array(probeBytes));
  } finally {
    fs.closeSync(fd);
    removeName(path);
  }
}
