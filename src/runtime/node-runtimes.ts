// The container runtimes of a node, each ready to say which pods it has.

import type { System } from "../sys/system.ts";
import { connectCri, criSocketPaths } from "./cri/client.ts";

export interface NodeRuntime {
  /** The socket's path. */
  readonly name: string;
  /** Ids of all its pod sandboxes, see `CriClient`. Rejects when it cannot be asked. */
  listContainerIds(): Promise<ReadonlySet<string>>;
}

/** Every runtime whose socket is there. A socket nobody serves counts: whoever served it may have containers still. */
export function nodeRuntimes(system: System): readonly NodeRuntime[] {
  return criSocketPaths
    .filter((path) => system.files.stat(path) !== undefined)
    .map((path) => ({
      name: path,
      listContainerIds: async () => {
        using client = connectCri(system, path);
        return await client.listPodSandboxIds();
      },
    }));
}
