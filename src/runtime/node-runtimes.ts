// The container runtimes of a node, each ready to say which pods it has. Loads gRPC: import it when a runtime is to be asked.

import type { System } from "../sys/system.ts";
import { type NodeRuntime, servesNoPods } from "./ask-runtimes.ts";
import { connectCri, criSocketPaths } from "./cri/client.ts";
import type { RuntimeStatus } from "./cri/runtime-status.ts";

function presentSockets({ files }: System): readonly string[] {
  return criSocketPaths.filter((path) => files.stat(path) !== undefined);
}

/**
 * What every runtime whose socket is there says of itself, without those that serve no pods where another one does.
 * @throws HeadcniError as `CriClient`, of the first that does not answer
 */
export async function runtimeStatuses(
  system: System,
): Promise<readonly (RuntimeStatus & { readonly socket: string })[]> {
  const answers = await Promise.allSettled(
    presentSockets(system).map(async (socket) => {
      using client = connectCri(system, socket);
      return { socket, ...(await client.status()) };
    }),
  );
  const statuses = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason] : []));
  const failed = refused.filter((reason) => !servesNoPods(reason));
  const [first] = failed.length > 0 || statuses.length > 0 ? failed : refused;
  if (first !== undefined) throw first;
  return statuses;
}

/** Every runtime whose socket is there. A socket no process serves counts: the one that served it may have containers still. */
export function nodeRuntimes(system: System): readonly NodeRuntime[] {
  return presentSockets(system).map((path) => ({
    name: path,
    listContainerIds: async () => {
      using client = connectCri(system, path);
      return await client.listPodSandboxIds();
    },
  }));
}
