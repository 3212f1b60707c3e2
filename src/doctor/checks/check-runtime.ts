// The container runtime: which one makes this node's pods, whether it reads the directories HeadCNI writes to, whether it answers.

import { describeDirSource, describeDisagreement } from "../../config/runtime-dirs.ts";
import { askRuntimes } from "../../runtime/ask-runtimes.ts";
import type { System } from "../../sys/system.ts";
import { type Check, type Fault, type Finding, faultsOr, notChecked, well } from "../check.ts";
import type { Examination } from "../examination.ts";

export const runtimeChecks: readonly Check[] = [
  {
    id: "runtime-dirs",
    title: "The runtime reads the folders HeadCNI writes to",
    codes: ["RuntimeFolderDiffers", "RuntimeUnknown"],
    look: async (node) => {
      const { confDir, binDir, confDirFrom, disagreements } = await node.dirs();
      if (disagreements.length > 0) {
        const evidence = `${disagreements.map(describeDisagreement).join("; ")}: pods get no network from HeadCNI`;
        return { kind: "faults", faults: [{ code: "RuntimeFolderDiffers", evidence }] };
      }
      const from = describeDirSource(confDirFrom);
      const isGuess = confDirFrom.kind === "default";
      const evidence = `configurations are written to ${confDir}: ${from}`;
      return faultsOr(
        isGuess ? [{ code: "RuntimeUnknown", evidence }] : [],
        `it reads ${confDir} and takes plugins from ${binDir}: ${from}`,
      );
    },
  },
  {
    id: "runtime-answers",
    title: "The runtime answers",
    codes: ["RuntimeSilent"],
    look: async ({ system }) => {
      const { nodeRuntimes } = await import("../../runtime/node-runtimes.ts");
      const runtimes = nodeRuntimes(system);
      if (runtimes.length === 0) return notChecked("there is no CRI socket on this node");
      const answer = await askRuntimes(runtimes);
      if (answer.kind === "answered") return well(`${answer.asked.join(", ")} knows ${answer.ids.size} pod sandboxes`);
      if (system.files.owner.uid !== 0) return notChecked(`${answer.why}: run it as root`);
      return { kind: "faults", faults: [{ code: "RuntimeSilent", evidence: answer.why }] };
    },
  },
  {
    id: "runtime-ready",
    title: "The runtime itself says that pods' network is ready, from the folder HeadCNI writes to",
    codes: ["RuntimeNotReady", "RuntimeFolderDiffers"],
    look: lookAtStatus,
  },
];

/** What a runtime reads is what it was told when it started, whatever stands in its files by now. */
async function lookAtStatus(node: Examination): Promise<Finding> {
  const { system } = node;
  const { runtimeStatuses } = await import("../../runtime/node-runtimes.ts");
  const [statuses, { confDir }] = await Promise.all([runtimeStatuses(system), node.dirs()]);
  if (statuses.length === 0) return notChecked("there is no CRI socket on this node");
  const faults = statuses.flatMap(({ socket, notReady, confDir: read, loadFailure }): Fault[] => {
    const load = loadFailure === undefined ? "" : `; of its configurations it says: ${loadFailure}`;
    const place = read === undefined ? "" : `; it reads ${read}`;
    const words = `${socket} says: ${notReady.join("; ")}${notReady.join().includes(loadFailure ?? "") ? "" : load}${place}`;
    const isElsewhere = read !== undefined && !isSameDir(system, read, confDir);
    const evidence = `${socket} reads configurations from ${read}, and HeadCNI writes to ${confDir}`;
    return [
      ...(notReady.length === 0 ? [] : [{ code: "RuntimeNotReady", evidence: words } as const]),
      ...(isElsewhere ? [{ code: "RuntimeFolderDiffers", evidence } as const] : []),
    ];
  });
  return faultsOr(faults, `${statuses.map(({ socket }) => socket).join(", ")}: RuntimeReady and NetworkReady`);
}

function isSameDir({ files }: System, a: string, b: string): boolean {
  const plain = (path: string): string => path.replace(/\/+$/, "");
  return plain(a) === plain(b) || (files.stat(a)?.inode !== undefined && files.stat(a)?.inode === files.stat(b)?.inode);
}
