// kubeadm's configuration, every version from v1alpha1's MasterConfiguration to v1beta4, wherever it stands: a file, the
// kubeadm-config ConfigMap, Cluster API's objects. `podSubnet` and controller flags are the cluster's.

import { at, child, type Tree } from "../text/tree.ts";
import { stateExtraArgs } from "./flags.ts";
import { type PathRule, rangePaths, statePaths } from "./key-paths.ts";
import type { ReadContext, Reader } from "./reader.ts";

export const kubeadm: Reader = {
  format: "kubeadm's documents",
  finds: {
    node: "`pod-cidr` in `kubeletExtraArgs`",
    cluster: "`networking.podSubnet`; `cluster-cidr` in `extraArgs`",
    service: "`networking.serviceSubnet`; `service-cluster-ip-range` in `extraArgs`",
    mask: "`node-cidr-mask-size`, `-ipv4`, `-ipv6` in `extraArgs`",
  },
  object(tree, context, { group, kind }) {
    if (!group.startsWith("kubeadm.k8s.io") && (group !== "" || !kubeadmKinds.test(kind))) return undefined;
    readKubeadm(tree, context);
    return "kubeadm";
  },
};

const kubeadmKinds = /^(Cluster|Master|Init|Join|Node)Configuration$/;
const pathRules: readonly PathRule[] = [
  ...rangePaths(
    "networking.podSubnet",
    "networking.serviceSubnet",
    // v1alpha1 and v1alpha2 held the other components' configuration too.
    "kubeProxy.config.clusterCIDR",
  ),
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
function readKubeadm(tree: Tree, { statements }: ReadContext, prefix = ""): void {
  // Arguments win over what kubeadm derives from `networking`, so they come first.
  for (const path of argPaths) stateExtraArgs(statements, at(tree, ...path), `${prefix}${path.join(".")}.`);
  statePaths(statements, tree, pathRules, prefix);
}

/** Cluster API's wrapping: the three kubeadm documents as keys of one object. */
export function readKubeadmBootstrap(spec: Tree | undefined, context: ReadContext, prefix: string): void {
  for (const key of ["clusterConfiguration", "initConfiguration", "joinConfiguration"]) {
    const part = child(spec, key);
    if (part !== undefined) readKubeadm(part, context, `${prefix}${key}.`);
  }
}
