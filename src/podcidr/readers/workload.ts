// Pods and what makes pods (static pod manifests, DaemonSets, Deployments …): the flags in their containers' command and args.

import { at, child, itemsOf, type Tree, textAt } from "../text/tree.ts";
import type { ReadContext } from "./context.ts";
import { claimFlags, commandWords } from "./flags.ts";

/** Where a pod's spec stands: in a Pod, in a workload's template, in a CronJob's, in a PodTemplate's. */
const podSpecPaths = [
  ["spec"],
  ["spec", "template", "spec"],
  ["spec", "jobTemplate", "spec", "template", "spec"],
  ["template", "spec"],
] as const;

const maxContainers = 200;

/** Whether the document holds containers where Kubernetes has them, whatever its kind. */
export function hasContainers(tree: Tree): boolean {
  return podSpecPaths.some((path) => at(tree, ...path, "containers")?.kind === "list");
}

/** Claims the flags of every container. Environment variables are never read: each CNI has its own. */
export function readWorkload(tree: Tree, context: ReadContext): void {
  for (const path of podSpecPaths) {
    const spec = at(tree, ...path);
    for (const key of ["initContainers", "containers"]) {
      for (const container of itemsOf(child(spec, key)).slice(0, maxContainers)) readContainer(container, context);
    }
  }
}

function readContainer(container: Tree, context: ReadContext): void {
  const words = [...commandWords(child(container, "command")), ...commandWords(child(container, "args"))];
  const about = [textAt(container, "name"), textAt(container, "image"), words[0]?.text].join(" ");
  claimFlags(context.claims, words, {
    hasKubelet: isKubeletLike(
      about,
      words.map((word) => word.text),
    ),
  });
}

/** Whether `--pod-cidr` can be the kubelet's here: a kubelet, a hyperkube that runs one, k3s or RKE2. */
function isKubeletLike(about: string, words: readonly string[]): boolean {
  return /kubelet|hyperkube|k3s|rke2/.test(about) || words.some((word) => /(^|\/)(kubelet|k3s|rke2)$/.test(word));
}
