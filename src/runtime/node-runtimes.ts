// The container runtimes of a node, each ready to say which pods it has. Loads gRPC: import it when a runtime is to be asked.

import type { System } from "../sys/system.ts";
import type { NodeRuntime } from "./ask-runtimes.ts";
import { connectCri, criSocketPaths } from "./cri/client.ts";

/** Every runtime whose socket is there. A socket no process serves counts: the one that served it may have containers still. */
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
