// The daemon's own directories on the node.

import { savedCallsDir, stateDir } from "../../node-state/names.ts";
import { nodeStateFiles } from "../../node-state/node-state-file.ts";
import { dirname } from "../../sys/fs/path.ts";

export const ownDirs: readonly string[] = [...new Set([...nodeStateFiles.map(dirname), stateDir, savedCallsDir])];
