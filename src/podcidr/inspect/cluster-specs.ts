// The cluster descriptions of installers, and Kubernetes' own objects of ranges: kinds whose meaning is their place in a document. One
// row a kind. `podCIDR` in an installer's description is the cluster's, whatever its size.

import { commandWords, stateExtraArgs, stateFlags } from "../readers/flags.ts";
import { type PathRule, statePaths } from "../readers/key-paths.ts";
import { readKubeadmBootstrap } from "../readers/kubeadm.ts";
import type { ReadContext, Reader } from "../readers/reader.ts";
import { readBareKeys } from "../readers/settings.ts";
import { at, child, itemsOf, type Tree, textAt } from "../text/tree.ts";
import { stateHostBits } from "./embedded.ts";

export const clusterSpecs: Reader = {
  format: "descriptions of clusters",
  finds: {},
  object(tree, context, type) {
    const spec = specs.find(({ kind, group }) => kind.test(type.kind) && group.test(type.group));
    if (spec === undefined) return undefined;
    statePaths(context.statements, tree, spec.rules);
    spec.more?.(tree, context);
    return spec.name;
  },
  plain: readUntypedSpec,
};

interface ClusterSpec {
  /** The word for `kind` in the answer. */
  readonly name: string;
  readonly group: RegExp;
  readonly kind: RegExp;
  readonly rules: readonly PathRule[];
  /** What a table of paths cannot say. */
  readonly more?: (tree: Tree, context: ReadContext) => void;
}

const cluster = (...paths: readonly string[]): readonly PathRule[] =>
  paths.map((path) => ({ path, meaning: "cluster" }));
const service = (...paths: readonly string[]): readonly PathRule[] =>
  paths.map((path) => ({ path, meaning: "service" }));
const mask = (path: string, family?: "ipv4" | "ipv6"): PathRule =>
  family === undefined ? { path, meaning: "mask" } : { path, meaning: "mask", family };

const specs: readonly ClusterSpec[] = [
  {
    name: "cluster-cidr",
    group: /^networking\.(x-)?k8s\.io$/,
    kind: /^ClusterCIDR$/,
    rules: cluster("spec.ipv4", "spec.ipv6"),
    more: (tree, { statements }) => {
      for (const family of ["ipv4", "ipv6"] as const) {
        if (textAt(tree, "spec", family) === undefined) continue;
        stateHostBits(statements, at(tree, "spec", "perNodeHostBits"), { key: "spec.perNodeHostBits", family });
      }
    },
  },
  { name: "service-cidr", group: /^networking\.k8s\.io$/, kind: /^ServiceCIDR$/, rules: service("spec.cidrs") },
  {
    name: "kind",
    group: /^kind\.(x-k8s|sigs\.k8s)\.io$/,
    kind: /^(Cluster|Config)$/,
    rules: [...cluster("networking.podSubnet"), ...service("networking.serviceSubnet")],
    more: (tree, context) => {
      for (const part of [tree, ...itemsOf(child(tree, "nodes"))]) {
        for (const patch of itemsOf(child(part, "kubeadmConfigPatches"))) {
          if (patch.kind !== "scalar" || patch.text === undefined) continue;
          context.nested({ text: patch.text, line: patch.line, bodyLine: patch.bodyLine });
        }
      }
    },
  },
  {
    name: "cluster-api",
    group: /^cluster\.x-k8s\.io$/,
    kind: /^Cluster$/,
    rules: [...cluster("spec.clusterNetwork.pods.cidrBlocks"), ...service("spec.clusterNetwork.services.cidrBlocks")],
  },
  {
    name: "cluster-api",
    group: /^(bootstrap|controlplane)\.cluster\.x-k8s\.io$/,
    kind: /^Kubeadm/,
    rules: [],
    more: (tree, context) => {
      for (const path of [
        "spec",
        "spec.kubeadmConfigSpec",
        "spec.template.spec",
        "spec.template.spec.kubeadmConfigSpec",
      ]) {
        readKubeadmBootstrap(at(tree, ...path.split(".")), context, `${path}.`);
      }
    },
  },
  {
    name: "k0s",
    group: /^k0s\.k0sproject\.io$/,
    kind: /^(Cluster|ClusterConfig)$/,
    rules: [],
    more: (tree, context) => readK0s(tree, context, ["spec"]),
  },
  {
    name: "k0s",
    group: /^k0sctl\.k0sproject\.io$/,
    kind: /^Cluster$/,
    rules: [],
    more: (tree, context) => readK0s(tree, context, ["spec", "k0s", "config", "spec"]),
  },
  {
    name: "kops",
    group: /^kops(\.k8s\.io)?$/,
    kind: /^Cluster$/,
    rules: [
      ...cluster(
        "spec.podCIDR",
        "spec.networking.podCIDR",
        "spec.kubeControllerManager.clusterCIDR",
        "spec.kubeProxy.clusterCIDR",
      ),
      ...service(
        "spec.serviceClusterIPRange",
        "spec.networking.serviceClusterIPRange",
        "spec.kubeAPIServer.serviceClusterIPRange",
      ),
      mask("spec.kubeControllerManager.nodeCIDRMaskSize"),
    ],
  },
  {
    name: "talos",
    group: /^$/,
    kind: /^KubeNetworkConfig$/,
    rules: [...cluster("podSubnets"), ...service("serviceSubnets")],
  },
  {
    name: "gardener",
    group: /^core\.gardener\.cloud$/,
    kind: /^Shoot$/,
    rules: [
      ...cluster("spec.networking.pods"),
      ...service("spec.networking.services"),
      mask("spec.kubernetes.kubeControllerManager.nodeCIDRMaskSize"),
    ],
  },
  // The ranges of a cluster that runs others' control planes; its object stands in many others.
  ...(
    [
      [/^core\.gardener\.cloud$/, /^Seed$/, ""],
      [/^gardenlet\.config\.gardener\.cloud$/, /^GardenletConfiguration$/, "seedConfig."],
      [/^seedmanagement\.gardener\.cloud$/, /^Gardenlet$/, "spec.config.seedConfig."],
      [/^seedmanagement\.gardener\.cloud$/, /^ManagedSeed$/, "spec.gardenlet.config.seedConfig."],
    ] as const
  ).map(([group, kind, place]) => ({
    name: "gardener",
    group,
    kind,
    rules: [...cluster(`${place}spec.networks.pods`), ...service(`${place}spec.networks.services`)],
  })),
  {
    name: "k3d",
    group: /^k3d\.io$/,
    kind: /^Simple$/,
    rules: [],
    more: (tree, context) => {
      for (const item of itemsOf(at(tree, "options", "k3s", "extraArgs"))) {
        stateFlags(context.statements, commandWords(child(item, "arg")));
      }
    },
  },
  {
    name: "rancher",
    group: /^provisioning\.cattle\.io$/,
    kind: /^Cluster$/,
    rules: [],
    more: (tree, context) => {
      const config = at(tree, "spec", "rkeConfig", "machineGlobalConfig");
      if (config !== undefined) readBareKeys(config, context);
    },
  },
  {
    name: "kubeone",
    group: /^kubeone(\.k8c)?\.io$/,
    kind: /^KubeOneCluster$/,
    rules: [
      ...cluster("clusterNetwork.podSubnet", "clusterNetwork.podSubnetIPv6"),
      ...service("clusterNetwork.serviceSubnet", "clusterNetwork.serviceSubnetIPv6"),
      mask("clusterNetwork.nodeCIDRMaskSizeIPv4", "ipv4"),
      mask("clusterNetwork.nodeCIDRMaskSizeIPv6", "ipv6"),
    ],
  },
  {
    name: "openshift",
    group: /^(config|operator)\.openshift\.io$/,
    kind: /^Network$/,
    rules: [],
    more: (tree, context) => statePaths(context.statements, child(tree, "spec"), openshiftRules, "spec."),
  },
  {
    name: "eksctl",
    group: /^eksctl\.io$/,
    kind: /^ClusterConfig$/,
    rules: service("kubernetesNetworkConfig.serviceIPv4CIDR"),
  },
  {
    name: "kubekey",
    group: /^kubekey\.kubesphere\.io$/,
    kind: /^Cluster$/,
    rules: [
      ...cluster("spec.network.kubePodsCIDR"),
      ...service("spec.network.kubeServiceCIDR"),
      mask("spec.kubernetes.nodeCidrMaskSize"),
    ],
  },
];

/** OpenShift's Network objects; its installer's file has no kind and is read by `readUntypedSpec`. */
const openshiftRules: readonly PathRule[] = [
  ...cluster("clusterNetwork[].cidr"),
  ...service("serviceNetwork"),
  mask("clusterNetwork[].hostPrefix"),
];

const k0sRules = [...cluster("network.podCIDR"), ...service("network.serviceCIDR")];
const k0sDualStackRules = [
  ...cluster("network.dualStack.IPv6podCIDR"),
  ...service("network.dualStack.IPv6serviceCIDR"),
];

function readK0s(tree: Tree, { statements }: ReadContext, path: readonly string[]): void {
  const spec = at(tree, ...path);
  const prefix = `${path.join(".")}.`;
  statePaths(statements, spec, k0sRules, prefix);
  if (textAt(spec, "network", "dualStack", "enabled") === "true")
    statePaths(statements, spec, k0sDualStackRules, prefix);
  for (const part of ["controllerManager", "api"]) {
    stateExtraArgs(statements, at(spec, part, "extraArgs"), `${prefix}${part}.extraArgs.`);
  }
}

const talosRules = [...cluster("cluster.network.podSubnets"), ...service("cluster.network.serviceSubnets")];
const rkeRules = [
  ...cluster("services.kube-controller.cluster_cidr"),
  ...service("services.kube-controller.service_cluster_ip_range", "services.kube-api.service_cluster_ip_range"),
];

/** Installers' files without apiVersion and kind, known by their own keys; the word for what it is. */
function readUntypedSpec(tree: Tree, context: ReadContext): string | undefined {
  if (child(tree, "machine")?.kind === "map" && child(tree, "cluster")?.kind === "map") {
    statePaths(context.statements, tree, talosRules);
    const args = at(tree, "cluster", "controllerManager", "extraArgs");
    stateExtraArgs(context.statements, args, "cluster.controllerManager.extraArgs.");
    return "talos";
  }
  for (const rke of [tree, child(tree, "rancher_kubernetes_engine_config")]) {
    if (at(rke, "services", "kube-controller")?.kind !== "map" && at(rke, "services", "kube-api")?.kind !== "map")
      continue;
    statePaths(context.statements, rke, rkeRules);
    for (const part of ["kube-controller", "kube-api"]) {
      const path = ["services", part, "extra_args"];
      stateExtraArgs(context.statements, at(rke, ...path), `${path.join(".")}.`);
    }
    return "rke";
  }
  if (at(tree, "networking", "clusterNetwork")?.kind === "list") {
    statePaths(context.statements, child(tree, "networking"), openshiftRules, "networking.");
    return "openshift";
  }
  // The values file of flannel's own chart.
  if (child(tree, "flannel")?.kind === "map" && textAt(tree, "podCidr") !== undefined) {
    statePaths(context.statements, tree, cluster("podCidr", "podCidrv6"));
    return "helm-values";
  }
  return undefined;
}
