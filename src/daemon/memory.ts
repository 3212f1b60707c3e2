// What the daemon remembers of its node across restarts and reboots, and tells the CNI plugin: the node state file, once in
// /run and once where it survives.

import { nodeStateFiles } from "../node-state/names.ts";
import { decodeNodeState, encodeNodeState, type NodeState } from "../node-state/node-state.ts";
import type { PodCIDRSource } from "../podcidr/answer.ts";
import { expected } from "../sys/errors.ts";
import { dirname } from "../sys/fs/path.ts";
import { printJson } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import type { HeldPodCIDR } from "./settle.ts";

const maxBytes = 1 << 20;
const sources: readonly PodCIDRSource[] = ["config", "env", "file", "hash", "default"];

/**
 * The PodCIDR the last daemon on this node had in force, from the copy that survives a reboot, else from the other. A file
 * that cannot be used is passed over with a warning: it is a copy of what the chain and the conflist say too.
 */
export function recallPodCIDR({ files, log }: System): HeldPodCIDR | undefined {
  for (const path of nodeStateFiles.toReversed()) {
    const state = readState(files, path);
    if (state === undefined) continue;
    if (typeof state === "string") {
      log.warn(`Passed over what an earlier daemon left: ${path} ${state}`);
      continue;
    }
    const { podCIDRs, podCIDRSource } = state;
    return {
      podCIDRs,
      source: sources.find((source) => source === podCIDRSource?.source),
      file: podCIDRSource?.file,
      line: podCIDRSource?.line,
    };
  }
  return undefined;
}

function readState(files: System["files"], path: string): NodeState | string | undefined {
  try {
    const bytes = files.readIfPresent(path, maxBytes);
    return bytes === undefined ? undefined : decodeNodeState(new TextDecoder().decode(bytes));
  } catch (error) {
    expected(error);
    return `cannot be read: ${error.message}`;
  }
}

/**
 * Writes the state to both places where it differs from what is there. Mode 0600: only root's plugin reads it.
 * @throws HeadcniError HC_FILE_WRITE, after the other place was tried too.
 */
export function writeNodeState({ files }: System, state: NodeState): void {
  const text = printJson(encodeNodeState(state));
  let failure: unknown;
  for (const path of nodeStateFiles) {
    try {
      if (isThere(files, path, text)) continue;
      files.makeFolder(dirname(path));
      files.writeAtomic(path, text, { mode: 0o600 });
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
}

function isThere(files: System["files"], path: string, text: string): boolean {
  if (files.lstat(path)?.kind !== "file") return false;
  const bytes = files.readIfPresent(path, maxBytes);
  return bytes !== undefined && new TextDecoder().decode(bytes) === text;
}
