// The configuration files of the kubelet and of kube-proxy.

import { child } from "../text/tree.ts";
import { type PathRule, rangePaths, statePaths } from "./key-paths.ts";
import type { Reader } from "./reader.ts";

export const kubelet: Reader = {
  format: "KubeletConfiguration",
  finds: { node: "`podCIDR`, also as a kubelet answers at `/configz`" },
  object(tree, { statements }, { group, kind }) {
    if (kind !== "KubeletConfiguration" || !/^(kubelet\.config\.k8s\.io|kubelet)?$/.test(group)) return undefined;
    statePaths(statements, tree, fileRules);
    return "kubelet";
  },
  plain(tree, { statements }) {
    if (child(tree, "kubeletconfig")?.kind !== "map") return undefined;
    statePaths(statements, tree, answerRules);
    return "kubelet";
  },
};

const fileRules: readonly PathRule[] = [{ path: "podCIDR", meaning: "node" }];
const answerRules: readonly PathRule[] = [{ path: "kubeletconfig.podCIDR", meaning: "node" }];

export const kubeProxy: Reader = {
  format: "KubeProxyConfiguration",
  finds: { cluster: "`clusterCIDR`" },
  object(tree, { statements }, { group, kind }) {
    const isIts = kind === "KubeProxyConfiguration" && /^(kubeproxy\.config\.k8s\.io|componentconfig)?$/.test(group);
    if (!isIts) return undefined;
    statePaths(statements, tree, proxyRules);
    return "kube-proxy";
  },
};

const proxyRules = rangePaths("clusterCIDR");
