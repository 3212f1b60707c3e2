// What can be wrong with the node state file. Pure.

import { asSentence, conditionsOf, type Failure, kind } from "../../agent/conditions.ts";
import type { ExposedDir } from "./exposed-dirs.ts";

export const nodeStateConditions = {
  NodeStateNotWritten: kind<Failure>({
    severity: "warning",
    title: "What the node must remember cannot be written",
    impactsConnectivity: false,
    isAwaited: true,
    text: ({ why, hint }) =>
      `${why}, so the PodCIDR may be chosen anew after a reboot. ${asSentence(hint ?? "make /var/lib/headcni and /run/headcni writable")}`,
  }),
  StateDirExposed: kind<{ readonly dirs: readonly ExposedDir[] }>({
    severity: "warning",
    title: "Others can write to the daemon's folders",
    impactsConnectivity: false,
    text: ({ dirs }) =>
      `${dirs.map(({ path, why }) => `${path} ${why}`).join("; ")}: other users than root can change what the daemon and the CNI ` +
      `plugin believe of this node. Look at what lies there, then run ${dirs.map(({ remedy }) => remedy).join(" && ")}`,
  }),
} as const;

export const condition = conditionsOf(nodeStateConditions);
