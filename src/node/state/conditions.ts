// What can be wrong with the node state file. Pure.

import { asSentence, conditionsOf, type Failure, kind } from "../../agent/conditions.ts";

export const nodeStateConditions = {
  NodeStateNotWritten: kind<Failure>({
    severity: "warning",
    title: "What the node must remember cannot be written",
    impactsConnectivity: false,
    isAwaited: true,
    text: ({ why, hint }) =>
      `${why}, so the PodCIDR may be chosen anew after a reboot. ${asSentence(hint ?? "make /var/lib/headcni and /run/headcni writable")}`,
  }),
} as const;

export const condition = conditionsOf(nodeStateConditions);
