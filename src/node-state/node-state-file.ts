// Where node.json lies, and the one reader and the one writer of it. The daemon writes a copy to /run, which is gone at reboot, and
// one that survives. The plugin reads for each call and prefers the first: its conditions are of this boot. The daemon reads once,
// at its start, and prefers the second.

import { describeError, expected } from "../sys/errors.ts";
import { temporaryTarget } from "../sys/fs/atomic-file.ts";
import type { Files } from "../sys/fs/files.ts";
import { basename, dirname, join } from "../sys/fs/path.ts";
import { printJson } from "../sys/json.ts";
import { fault, type Result } from "../sys/result.ts";
import { stateDir } from "./names.ts";
import { decodeNodeState, encodeNodeState, type NodeState } from "./node-state.ts";

/** The copy that is gone at reboot, and the one that survives. */
export const nodeStateFiles = ["/run/headcni/node.json", `${stateDir}/node.json`] as const;

const maxBytes = 1 << 20;

/** A file that gave no state, and the end of a sentence about it. */
export interface UnusableNodeState {
  readonly path: string;
  readonly why: string;
  readonly isAbsent: boolean;
}

export interface FoundNodeState {
  readonly state: NodeState;
  /** False for the copy that survives a reboot, whose conditions may be over. */
  readonly isCurrent: boolean;
}

export interface NodeStateReading {
  readonly found: FoundNodeState | undefined;
  /** The files before it. */
  readonly unusable: readonly UnusableNodeState[];
}

/** The state of the first of `paths` that holds one. */
export function readNodeState(files: Files, paths: readonly string[] = nodeStateFiles): NodeStateReading {
  const unusable: UnusableNodeState[] = [];
  for (const path of paths) {
    const read = readOne(files, path);
    if (read?.kind === "ok") return { found: { state: read.value, isCurrent: path !== nodeStateFiles[1] }, unusable };
    unusable.push({ path, why: read?.why ?? "does not exist", isAbsent: read === undefined });
  }
  return { found: undefined, unusable };
}

/** Every file and what is wrong with it: `/run/headcni/node.json does not exist, /var/lib/headcni/node.json is not JSON`. */
export function describeUnusable({ unusable }: NodeStateReading): string {
  return unusable.map(({ path, why }) => `${path} ${why}`).join(", ");
}

/** Undefined for a file that does not exist. */
function readOne(files: Files, path: string): Result<NodeState> | undefined {
  try {
    const bytes = files.readIfPresent(path, maxBytes);
    return bytes === undefined ? undefined : decodeNodeState(new TextDecoder().decode(bytes));
  } catch (error) {
    expected(error);
    return fault(`cannot be read (${describeError(error)})`);
  }
}

/**
 * Writes the state to both places where it differs from what is there. Mode 0600: only root's plugin reads it.
 * @throws HeadcniError HC_FILE_WRITE, after the other place was tried too.
 */
export function writeNodeState(files: Files, state: NodeState): void {
  const text = printJson(encodeNodeState(state));
  let failure: unknown;
  for (const path of nodeStateFiles) {
    try {
      if (isThere(files, path, text)) continue;
      files.makeDir(dirname(path));
      removeLeftovers(files, path);
      files.writeAtomic(path, text, { mode: 0o600 });
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
}

/** What writes that were cut short have left: the daemon is the only writer. */
function removeLeftovers(files: Files, path: string): void {
  const dir = dirname(path);
  for (const name of files.list(dir) ?? []) {
    if (temporaryTarget(name) === basename(path)) files.remove(join(dir, name));
  }
}

function isThere(files: Files, path: string, text: string): boolean {
  if (files.lstat(path)?.kind !== "file") return false;
  const bytes = files.readIfPresent(path, maxBytes);
  return bytes !== undefined && new TextDecoder().decode(bytes) === text;
}
