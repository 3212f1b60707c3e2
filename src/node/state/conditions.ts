// What can be wrong with the node state file. Pure.

import { asSentence, conditionsOf, type Failure, kind } from "../../agent/conditions.ts";
import type { ExposedDir } from "./exposed-dirs.ts";
import type { UnwritableDir } from "./unwritable-dirs.ts";

export const nodeStateConditions = {
  NodeStateNotWritten: kind<Failure>({
    severity: "warning",
    title: "What the node must remember cannot be written",
    impactsConnectivity: false,
    isAwaited: true,
    dependsOn: ["StateDirNotWritable"],
    text: ({ why, hint }) =>
      `${why}, so the PodCIDR may be chosen anew after a reboot. ${asSentence(hint ?? "make /var/lib/headcni and /run/headcni writable")}`,
  }),
  StateDirNotWritable: kind<{ readonly dirs: readonly UnwritableDir[] }>({
    severity: "warning",
    title: "The daemon's folders cannot be written to",
    impactsConnectivity: false,
    isAwaited: true,
    text: ({ dirs }) => {
      const remedies = [...new Set(dirs.flatMap(({ hint }) => hint ?? []))].map((hint) => `${asSentence(hint)}. `);
      return (
        `${dirs.map(({ path, why }) => `${path}: ${why}`).join("; ")}. ${remedies.join("")}The conflist is written all the same, ` +
        "unless something has to be backed up for it"
      );
    },
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
