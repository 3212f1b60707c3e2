// The container runtime: which one makes this node's pods, whether it reads the directories HeadCNI writes to, whether it answers.

import { describeDirSource, describeDisagreement } from "../../config/runtime-dirs.ts";
import { askRuntimes } from "../../runtime/ask-runtimes.ts";
import { type Check, faultsOr, notChecked, well } from "../check.ts";

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
];
