// kubeadm's configuration, every version from v1alpha1's MasterConfiguration to v1beta4, wherever it stands: a file, the
// kubeadm-config ConfigMap, Cluster API's objects. `podSubnet` and controller flags are the cluster's.

import type { Claims } from "../inspect/statements.ts";
import { at, child, entriesOf, itemsOf, type Tree, textAt } from "../text/tree.ts";
import type { ReadContext } from "./context.ts";
import { claimFlag } from "./flags.ts";
import { claimPaths, type PathRule } from "./key-paths.ts";

const pathRules: readonly PathRule[] = [
  { path: "networking.podSubnet", meaning: "cluster" },
  { path: "networking.serviceSubnet", meaning: "service" },
  // v1alpha1 and v1alpha2 held the other components' configuration too.
  { path: "kubeProxy.config.clusterCIDR", meaning: "cluster" },
  { path: "kubeletConfiguration.baseConfig.podCIDR", meaning: "node" },
];

/** Where flags stand: a component's `extraArgs`, or the one-level keys of the alpha versions. */
const argPaths = [
  ["controllerManager", "extraArgs"],
  ["apiServer", "extraArgs"],
  ["controllerManagerExtraArgs"],
  ["apiServerExtraArgs"],
  ["nodeRegistration", "kubeletExtraArgs"],
] as const;

/** Reads one kubeadm document of any kind: the kinds share no key with different meanings. */
export function readKubeadm(tree: Tree, context: ReadContext, prefix = ""): void {
  // Arguments win over what kubeadm derives from `networking`, so they come first.
  for (const path of argPaths) claimExtraArgs(context.claims, at(tree, ...path), `${prefix}${path.join(".")}.`);
  claimPaths(context.claims, tree, pathRules, prefix);
}

/** `extraArgs` as a map (up to v1beta3) or a list of name and value (v1beta4); `prefix` names their place. */
export function claimExtraArgs(claims: Claims, tree: Tree | undefined, prefix: string): void {
  const options = { prefix, hasKubelet: prefix.includes("kubelet") };
  const values = new Map<string, Tree | undefined>();
  for (const { key, value } of entriesOf(tree)) values.set(key, itemsOf(value).at(-1));
  if (tree?.kind === "list") {
    for (const item of tree.items) values.set(textAt(item, "name") ?? "", child(item, "value"));
  }
  for (const [name, value] of values) {
    if (value?.kind !== "scalar" || value.text === undefined) continue;
    claimFlag(claims, name, { text: value.text, line: value.line }, options);
  }
}

/** Cluster API's wrapping: the three kubeadm documents as keys of one object. */
export function readKubeadmBootstrap(spec: Tree | undefined, context: ReadContext, prefix: string): void {
  for (const key of ["clusterConfiguration", "initConfiguration", "joinConfiguration"]) {
    const part = child(spec, key);
    if (part !== undefined) readKubeadm(part, context, `${prefix}${key}.`);
  }
}
