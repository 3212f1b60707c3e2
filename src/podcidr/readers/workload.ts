// Pods and what makes pods (static pod manifests, DaemonSets, Deployments …): the flags in their containers' command and args.

import type { Statements } from "../statements.ts";
import { at, child, itemsOf, type Tree, textAt } from "../text/tree.ts";
import { containerWords, stateFlags } from "./flags.ts";
import type { Reader } from "./reader.ts";

export const workloads: Reader = {
  format: "Pods and workloads",
  finds: {
    node: "a kubelet's `--pod-cidr` in `command` and `args`",
    cluster: "the flags below, likewise",
    service: "the flags below, likewise",
    mask: "the flags below, likewise",
  },
  object(tree, { statements }, { kind }) {
    if (!podSpecPaths.some((path) => at(tree, ...path, "containers")?.kind === "list")) return undefined;
    readWorkload(tree, statements);
    return kind === "Pod" ? "pod" : "workload";
  },
};

/** Where a pod's spec stands: in a Pod, in a workload's template, in a CronJob's, in a PodTemplate's. */
const podSpecPaths = [
  ["spec"],
  ["spec", "template", "spec"],
  ["spec", "jobTemplate", "spec", "template", "spec"],
  ["template", "spec"],
] as const;

const maxContainers = 200;

/** Environment variables are never read: each CNI has its own. */
function readWorkload(tree: Tree, statements: Statements): void {
  for (const path of podSpecPaths) {
    const spec = at(tree, ...path);
    for (const key of ["initContainers", "containers"]) {
      for (const container of itemsOf(child(spec, key)).slice(0, maxContainers)) readContainer(container, statements);
    }
  }
}

function readContainer(container: Tree, statements: Statements): void {
  const words = containerWords(container);
  const about = [textAt(container, "name"), textAt(container, "image"), words[0]?.text].join(" ");
  // `--pod-cidr` can be the kubelet's in a kubelet, a hyperkube that runs one, k3s or RKE2.
  const hasKubelet =
    /kubelet|hyperkube|k3s|rke2/.test(about) || words.some(({ text }) => /(^|\/)(kubelet|k3s|rke2)$/.test(text));
  stateFlags(statements, words, { hasKubelet });
}
