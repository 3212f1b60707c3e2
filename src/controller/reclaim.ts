// Takes back approvals of nodes that are offline for long, where the configuration says so. Headscale's word alone does not do: after a
// restart, or from an old copy of its database, all nodes look as if they had been away for long. So a node must have been seen offline
// here, too, in every list for some minutes.

import type { StaleApproval } from "../headscale/approval/stale-approvals.ts";
import type { HeadscaleNode } from "../headscale/headscale-node.ts";
import type { System } from "../sys/system.ts";

/** A node that is there logs in within seconds of Headscale's start; one whose machine is restarted with it, within minutes. */
const seenOfflineMs = 600_000;

export interface Reclaim {
  /** Takes a list. @returns of the stale approvals those that may be taken back */
  due(nodes: readonly HeadscaleNode[], stale: readonly StaleApproval[]): readonly StaleApproval[];
  /** Headscale did not answer: what was seen until then does not count. */
  lost(): void;
}

export function createReclaim({ clock }: Pick<System, "clock">): Reclaim {
  let offlineSinceMs = new Map<string, number>();
  return {
    due: (nodes, stale) => {
      const nowMs = clock.monotonicMs();
      const offline = nodes.filter(({ isOnline }) => !isOnline);
      offlineSinceMs = new Map(offline.map(({ id }) => [id, offlineSinceMs.get(id) ?? nowMs]));
      return stale.filter(({ node, why }) => {
        const sinceMs = offlineSinceMs.get(node.id);
        return why === "offline" && sinceMs !== undefined && nowMs - sinceMs >= seenOfflineMs;
      });
    },
    lost: () => {
      offlineSinceMs = new Map();
    },
  };
}
