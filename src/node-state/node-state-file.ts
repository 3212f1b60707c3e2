// What the daemon says of this node, read anew for each call: from /run, else from the copy that survives a reboot.

import { describeError } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { nodeStateFiles } from "./names.ts";
import { decodeNodeState, type NodeState } from "./node-state.ts";

const maxBytes = 1 << 20;

export type NodeStateRead =
  | {
      readonly kind: "found";
      readonly state: NodeState;
      /** False for the copy from before the last reboot, whose conditions may be over. */
      readonly isCurrent: boolean;
    }
  /** `why` names each file and what is wrong with it. */
  | { readonly kind: "missing"; readonly why: string };

/** The first file that can be used. @param file read this one alone */
export function readNodeState(files: Files, file?: string): NodeStateRead {
  const paths = file === undefined ? nodeStateFiles : [file];
  const problems: string[] = [];
  for (const [index, path] of paths.entries()) {
    const state = tryRead(files, path);
    if (typeof state !== "string") return { kind: "found", state, isCurrent: index === 0 };
    problems.push(`${path} ${state}`);
  }
  return { kind: "missing", why: problems.join(", ") };
}

function tryRead(files: Files, path: string): NodeState | string {
  try {
    const bytes = files.readIfPresent(path, maxBytes);
    return bytes === undefined ? "does not exist" : decodeNodeState(new TextDecoder().decode(bytes));
  } catch (error) {
    return `cannot be read (${describeError(error)})`;
  }
}
